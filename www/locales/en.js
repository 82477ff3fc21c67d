/** What the page says, in English. The other languages have the same keys; index.html repeats what it shows before a script runs. */

const number = new Intl.NumberFormat("en");
const plurals = new Intl.PluralRules("en");

/**
 * @param {number} amount
 * @param {string} one
 * @param {string} other
 */
const count = (amount, one, other) => `${number.format(amount)} ${plurals.select(amount) === "one" ? one : other}`;

/** @param {number} amount */
const sentences = (amount) => count(amount, "sentence", "sentences");

const TRY_AGAIN = "Try again";
const CONNECT = "Connect to the network and try again. Your text is kept.";

/** @param {string} message */
const detail = (message) => (message ? ` (${message})` : "");

export const en = {
  /** For `lang` attributes and numbers. */
  tag: "en",

  page: {
    title: "Dragoman: private translation in your browser",
    description:
      "Translate between English and Chinese inside your browser tab. Your text never leaves this device, and it works offline.",
    language: "Language of this page",
    skip: "Skip to the text to translate",
    promise: "Your text never leaves this device",
    update: "A new version is ready.",
    reload: "Reload",
    heading: "Translate text privately",
    footer:
      "Translated on your own device by a small neural network. No account, no server, no tracking. Machine translation makes mistakes: check what matters.",
  },

  /** Between two sentences. */
  gap: " ",

  units: {
    characters: (/** @type {number} */ amount) => count(amount, "character", "characters"),
    sentences,
    milliseconds: (/** @type {string} */ amount) => `${amount} ms`,
    seconds: (/** @type {string} */ amount) => `${amount} s`,
    wordsPerSecond: (/** @type {string} */ amount) => `${amount} words/s`,
  },

  /** A model's name. @param {string} from @param {string} into */
  direction: (from, into) => `${from} to ${into}`,

  languages: {
    from: "Translate from",
    into: "Translate into",
    swap: "Swap languages",
    swapDownloads: (/** @type {string} */ size) => `Swap languages: downloads the model, ${size}, once`,
    swapped: "Languages swapped.",
    translating: (/** @type {string} */ from, /** @type {string} */ into) => `Translating from ${from} to ${into}.`,
    looksLike: (/** @type {string} */ name) => `This looks like ${name}.`,
    accept: (/** @type {string} */ name) => `Translate from ${name}`,
    acceptDownloads: (/** @type {string} */ name, /** @type {string} */ size) => `Translate from ${name} (downloads ${size})`,
  },

  source: {
    label: "Text to translate",
    placeholder: "Type or paste text",
    clear: "Clear",
    cleared: "Cleared.",
    undo: "Undo",
    close: "Close",
    dropped: "The file’s text has taken the place of yours.",
    noTextFile: "Only text files can be dropped here. The files of a model go under “Add a language”.",
    tooLarge: "This file is too large. Text files of up to 10 MB can be dropped here.",
    notDecoded: "This file is not text in UTF-8. Save it as UTF-8, or copy its text and paste it here.",
  },

  target: {
    tryOne: "Try one of these:",
    tryOneShort: "Try one of these.",
    firstDownloads: (/** @type {string} */ size) => `The first translation downloads the model, ${size}; after that it works offline.`,
    wait: "The model is downloaded once. After that, Dragoman starts at once and works without a network.",
    progress: "Progress",
    stop: "Stop",
    translate: "Translate",
    copy: "Copy",
    copied: "Copied",
    copiedSaid: "Copied.",
    selected: "Selected: copy it",
    selectedSaid: "This browser did not let the page copy. The translation is selected: copy it with the keyboard or the menu.",
    downloading: (/** @type {string} */ loaded, /** @type {string} */ all) => `Downloading the model, once: ${loaded} of ${all}`,
    downloadingSome: "Downloading the model, once",
    starting: "Starting the translator",
    getting: "Getting the model",
    translating: "Translating",
    done: (/** @type {number} */ done, /** @type {number} */ total) => `${sentences(done)} of ${number.format(total)} translated`,
    stopped: "Stopped.",
    nothing: "Nothing to translate: shown as it is.",
    ready: (/** @type {number} */ amount) => `Translation ready, ${sentences(amount)}.`,
    translation: "Translation: ",
    gpuFailed: (/** @type {string} */ fault) => `The GPU did not finish this, so the processor did: ${fault}.`,
    notKept: "Translated, but this browser had no space to keep the model: it will be downloaded again next time.",
  },

  links: {
    name: "Word links",
    hint: "Point at a word, tap it, or use the arrow keys to see which words it comes from.",
    none: "There are no words to link in this text.",
    tooLong: (/** @type {number} */ most) => `Word links are shown for texts of up to ${count(most, "character", "characters")}.`,
    comesFrom: " comes from ",
    comesFromNone: " comes from no single word",
    wentInto: " went into ",
    wentIntoNone: " went into no single word",
    comma: ", ",
    title: "Where each word comes from",
    explanation:
      "Each row is a word of the translation; the stronger a square’s colour, the more the model looked at that word of your text.",
    table: "Attention between words, in percent",
    more: "Show more sentences",
  },

  problems: {
    noSimd: {
      title: "This browser cannot run the translator.",
      advice:
        "It needs WebAssembly with SIMD: Chrome or Edge 100, Firefox 114, Safari 16.4, or newer. Update the browser and try again; your text is kept.",
      action: TRY_AGAIN,
    },
    notLoaded: { title: "The translator could not be loaded.", advice: CONNECT, action: TRY_AGAIN },
    notLoadedOffline: { title: "You are offline, and the translator is not on this device yet.", advice: CONNECT, action: TRY_AGAIN },
    network: {
      title: "The model could not be downloaded.",
      advice: "The connection was lost or the site did not answer. Your text is kept; try again in a moment.",
      action: TRY_AGAIN,
    },
    networkOffline: {
      title: "You are offline, and the model is not on this device yet.",
      advice: "It is downloaded once; after that, translating works offline. Connect to the network and try again.",
      action: TRY_AGAIN,
    },
    data: {
      title: "The downloaded model is damaged, so it is not used.",
      advice: "It is not the file this site announced: it changed or was cut off on its way. Try again to download it afresh.",
      action: "Download again",
    },
    notSupported: {
      title: "There is no model for these languages.",
      advice: "Choose other languages, or reload the page to look for new ones.",
      action: "Reload",
    },
    noSpace: {
      title: "This browser has no space left for the model.",
      advice: "Free some space on this device, or leave private browsing, and try again.",
      action: TRY_AGAIN,
    },
    notStarted: (/** @type {string} */ message) => ({
      title: "The translator could not be started.",
      advice: `Try again, or reload the page. Your text is kept.${detail(message)}`,
      action: TRY_AGAIN,
    }),
    notStartedOffline: (/** @type {string} */ message) => ({
      title: "You are offline, and the translator is not on this device yet.",
      advice: `${CONNECT}${detail(message)}`,
      action: TRY_AGAIN,
    }),
    unexpected: (/** @type {string} */ message) => ({
      title: "The translator stopped unexpectedly.",
      advice: `Your text is kept. Trying again starts it afresh.${detail(message)}`,
      action: TRY_AGAIN,
    }),
  },

  storage: {
    title: "On this device",
    intro:
      "A translation model is downloaded once, when it is first needed, and kept in this browser, so that translating works without a network.",
    draft: "The text you type is kept in this browser too, until you press Clear, so that a reload does not lose it.",
    ready: (/** @type {string} */ size) => `${size}, ready offline`,
    nothing: "nothing stored yet",
    remove: "Remove",
    download: "Download",
    stop: "Stop",
    stopped: "Stopped.",
    addedByYou: "added by you",
    fromSite: "from this site",
    /** Of several models for the same languages. */
    used: "in use",
    /** A model's name where several have the same. */
    ofUser: (/** @type {string} */ name) => `${name}, added by you`,
    ofSite: (/** @type {string} */ name) => `${name}, from this site`,
    stored: "stored",
    notStored: "not stored",
    removed: (/** @type {string} */ name, /** @type {string} */ size) =>
      `Removed ${name}, ${size}. It is downloaded again when you next translate.`,
    removedAdded: (/** @type {string} */ name, /** @type {string} */ size) => `Removed ${name}, ${size}. Add it again when you need it.`,
    downloading: (/** @type {string} */ name) => `Downloading ${name}…`,
    isReady: (/** @type {string} */ name) => `${name} is ready.`,
    noSpace: (/** @type {string} */ name) =>
      `There is no space to keep ${name}. Remove another model, or free some space on this device.`,
    notRemoved: (/** @type {string} */ name) => `${name} could not be removed. Try again.`,
    notDownloaded: (/** @type {string} */ name) => `${name} could not be downloaded. Try again.`,
    notKept: "This browser did not keep the model: there is no space, or it is a private window. It is downloaded again next time.",
  },

  card: {
    open: "About this model",
    close: "Close",
    getting: "Getting the description…",
    failed: "The description of this model could not be loaded. Connect to the network and open it again.",
    /** Where cards are not in the language of the page. */
    inEnglish: "",
  },

  add: {
    title: "Add a language",
    intro: "Dragoman also translates with the models that Mozilla makes for Firefox. They run here, on your device, like its own.",
    download: "Download one",
    host: (/** @type {string} */ host) => `The list and the model come from ${host}. Nothing you type is sent there.`,
    show: "Show the languages",
    from: "From",
    into: "Into",
    start: "Download",
    stop: "Stop",
    progress: "Progress of the download",
    files: "Use files you have",
    choose: "Choose the files of a model, or drop them here:",
    chooseFiles: "Choose files",
    add: "Add",
    gettingList: "Getting the list…",
    nothingNew: "The registry offers nothing that is not here already.",
    checking: "Checking the files…",
    stopped: "Stopped.",
    noSpace: "There is no space to keep this model. Remove another one under “On this device”, or free some space, and try again.",
    offline: "You are offline. Connect to the network and try again.",
    /** @param {string} kind of the exception @param {string} message of it, always English */
    failed: (kind, message) => message,
    file: (/** @type {string} */ name, /** @type {string} */ size, /** @type {string} */ role) => `${name}, ${size}: ${role}`,
    roles: {
      model: "the network",
      sourceVocabulary: "the vocabulary",
      targetVocabulary: "the vocabulary of the target",
      shortlist: "the list of likely words",
    },
    notNeeded: "not needed",
    remove: "Leave out",
    unknownLanguage: (/** @type {string} */ tag) => `“${tag}” is not a language tag. Write en for English, de for German, zh for Chinese.`,
    sameLanguage: "A model translates from one language into another one. Correct one of the two.",
    noNetwork: "The network is missing: a file such as model.deen.intgemm.alphas.bin.",
    noVocabulary: "The vocabulary is missing: a file such as vocab.deen.spm.",
  },

  engine: {
    title: "Processor and GPU",
    with: "Translate with",
    auto: "Whichever is faster",
    autoAbout: "Measured once on this device. One short sentence is rarely worth a trip to the GPU.",
    gpu: "The GPU",
    gpuAbout: "The graphics processor, wherever it can. If it fails, the processor goes on.",
    cpu: "The processor",
    cpuAbout: "The GPU is left alone, and nothing is downloaded for it.",
    measured: "Measured on this device",
    atOnce: "At once",
    processor: "Processor",
    graphics: "GPU",
    used: ", used",
    check: "Check this device",
    checkAbout: "Translates some sentences with both, and compares. Nothing leaves this device.",
    checkProgress: "Progress of the check",
    preparing: "Preparing…",
    downloading: (/** @type {string} */ size) => `Downloading the model first, ${size}, once…`,
    checking: (/** @type {number} */ amount) => `Translating ${sentences(amount)} with both…`,
    notChecked: (/** @type {string} */ why) => `The check could not be made: ${why}`,
    gpuNotChecked: (/** @type {string} */ fault) => `The GPU could not be checked: ${fault}. The processor translates everything.`,
    /** @param {string} name of the GPU, or empty @param {number} amount */
    allSame: (name, amount) =>
      `The GPU${detail(name)} gave the same translation as the processor for all ${sentences(amount)}.`,
    mostSame: (/** @type {number} */ same, /** @type {number} */ all) =>
      `${number.format(same)} of ${count(all, "translation", "translations")} are the same. Where two words are all but equally likely, rounding decides.`,
    fewSame: (/** @type {string} */ name, /** @type {number} */ same, /** @type {number} */ all) =>
      `Only ${number.format(same)} of ${count(all, "translation", "translations")} are the same: this GPU${detail(name)} computes wrongly. The processor is used from now on.`,
    text: "Text",
    /** In a word or two: what computes. */
    brief: { processor: "processor", gpu: "GPU", both: "processor and GPU" },
    cpuOnly: "The processor translates everything, and the GPU rests.",
    unknown: "What can be used here is found out with the first translation.",
    faulty: (/** @type {string} */ fault) => `The processor translates everything: ${fault}.`,
    gpuActive: (/** @type {string} */ name) => `The GPU${detail(name)} translates what it can, and the processor the rest.`,
    gpuPreparing: "The GPU is being prepared.",
    notMeasured: "The processor translates. The GPU is measured once, when there is nothing else to do.",
    cpuFaster: "The processor translates everything: it was measured to be faster here.",
    gpuFaster: (/** @type {string} */ name) => `The GPU${detail(name)} translates: it was measured to be faster here.`,
    gpuFasterFrom: (/** @type {string} */ name, /** @type {number} */ least) =>
      `The GPU${detail(name)} translates where ${number.format(least)} or more sentences come at once, and the processor where they are fewer: that was measured to be fastest here.`,
  },

  /** What the package says of a GPU that cannot be used, up to a colon. */
  faults: {
    often: "the graphics driver failed too often",
    insecure: "the page was not loaded by https",
    noWebGpu: "this browser has no WebGPU",
    noAdapter: "there is no usable graphics processor",
    software: "graphics are computed by the processor here",
    notAsked: "it was not asked for",
    tookDown: "it took the translator down",
    tooSmall: "the graphics processor is too small",
    unsupported: "this model cannot run on the graphics processor",
    compilation: "the graphics driver refused a program",
    lost: "the graphics processor was lost",
    memory: "the graphics processor is out of memory",
  },
  /** @param {string} fault @param {string} details always English */
  faultDetails: (fault, details) => `${fault}: ${details}`,

  keyboard: {
    title: "Keyboard",
    translate: "Translate now, or try again",
    stop: "Stop translating, or let go of a word",
    words: "With word links on: from word to word in the translation",
  },
};

/** @typedef {typeof en} Catalogue */
