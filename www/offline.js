/** The service worker: keeps the page's own files for use without a network, and new versions of them apart. */

/**
 * @param {object} handlers
 * @param {(activate: () => void) => void} handlers.updateReady a new version waits; call `activate` to reload into it
 * @returns {Promise<{ update: () => void, keep: (paths: string[]) => void }>} looks for a new version; keeps files that not every device
 *   needs, by their paths within the site
 */
export async function keepOffline({ updateReady }) {
  const nothing = { update: () => {}, keep: () => {} };
  if (!("serviceWorker" in navigator)) return nothing;
  const { serviceWorker } = navigator;
  /** @type {ServiceWorkerRegistration} */
  let registration;
  try {
    registration = await serviceWorker.register(new URL("../sw.js", import.meta.url), { updateViaCache: "none" });
  } catch {
    // The site offers none, or the browser forbids it: the page works, but needs the network to open.
    return nothing;
  }

  let wasControlled = serviceWorker.controller !== null;
  serviceWorker.addEventListener("controllerchange", () => {
    // Files of two versions must not mix, so every tab changes at once; the typed text is kept.
    if (wasControlled) location.reload();
    wasControlled = true;
  });

  /** @param {ServiceWorker} worker */
  const offer = (worker) => updateReady(() => worker.postMessage("activate"));
  if (registration.waiting && serviceWorker.controller) offer(registration.waiting);
  /** What the worker was asked to keep: once is enough. @type {Set<string>} */
  const asked = new Set();
  /** @type {WeakSet<ServiceWorker>} */
  const watched = new WeakSet();
  const watch = () => {
    const worker = registration.installing;
    if (!worker || watched.has(worker)) return;
    watched.add(worker);
    worker.addEventListener("statechange", () => {
      if (worker.state === "installed" && serviceWorker.controller) offer(worker);
    });
  };
  registration.addEventListener("updatefound", watch);
  // Another tab, or the browser itself, may have begun before this page listened.
  watch();
  return {
    update: () => void registration.update().catch(() => {}),
    keep: (paths) => {
      const wanted = paths.filter((path) => !asked.has(path));
      if (wanted.length === 0) return;
      for (const path of wanted) asked.add(path);
      void serviceWorker.ready.then(({ active }) => active?.postMessage({ keep: wanted }));
    },
  };
}
