/**
 * Takes the picture of the page that the README shows.
 *
 *     node tools/screenshot.mjs [FILE]     by default www/screenshot.png
 */

import { join } from "node:path";

import { listen, site } from "./serve.mjs";
import { launchChromium, root } from "./setup.mjs";
import { build } from "./site.mjs";

const TEXT = "I love to eat pizza. The last train leaves at ten, so we should hurry.";

await build();
const server = await site({ folder: join(root, "www", "dist") });
const port = await listen(server, 0, "127.0.0.1");
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 940 }, colorScheme: "light", reducedMotion: "reduce" });
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.locator("#source").fill(TEXT);
  await page.locator("#copy:enabled").waitFor({ timeout: 120_000 });
  // Once more, so that the speed shown is not that of the very first sentence.
  await page.locator("#source").press("Control+Enter");
  await page.locator("#copy:enabled").waitFor();
  await page.locator("label.switch").click();
  const words = page.locator("#target .word");
  const pizza = words.filter({ hasText: /披萨|比萨/ });
  await ((await pizza.count()) ? pizza.first() : words.nth(2)).hover();
  await page.screenshot({ path: process.argv[2] ?? join(root, "www", "screenshot.png") });
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}
