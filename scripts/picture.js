// Logs in at the local SSO in Chromium, as a pilot would, and takes the picture of the demo that stands in the README.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { By, until } from "selenium-webdriver";
import { openBrowser } from "../tests/helpers/browser.js";
import { startDemo } from "./demo.js";
import { encodePng } from "./png.js";
import { fail, ROOT } from "./run.js";

const FILE = join(ROOT, "www", "screenshot.png");
const PILOT = "2119000102";
const WIDTH = 1280;
const MARGIN = 24;
const PATIENCE = 10_000;

/** @param {import("selenium-webdriver").WebDriver} driver */
async function logIn(driver) {
  const click = async (selector) => {
    const element = await driver.wait(until.elementLocated(By.css(selector)), PATIENCE);
    await driver.wait(until.elementIsVisible(element), PATIENCE);
    await element.click();
  };
  await click("#login");
  await click(`input[value="${PILOT}"]`);
  await click("button[value=authorize]");
  await driver.wait(until.elementLocated(By.css("#licence[data-verdict=verified]")), PATIENCE);
  await click("#esi-route option[value=location]");
  await click("#call-esi");
  await driver.wait(until.elementLocated(By.css("#esi-result pre")), PATIENCE);
}

/** The page from its top to the end of its panels. @returns {Promise<string>} a PNG in base64 */
async function picture(driver) {
  // No pointer over a button, no focus on it, and nothing half moved.
  await driver.actions().move({ x: 1, y: 1 }).perform();
  await driver.executeScript("document.activeElement.blur()");
  await driver.wait(() => driver.executeScript("return document.getAnimations().length === 0"), PATIENCE);
  await driver.sendDevToolsCommand("Emulation.setScrollbarsHidden", { hidden: true });
  const end = await driver.executeScript("return document.querySelector('.columns').getBoundingClientRect().bottom");
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(end) + MARGIN, scale: 1 };
  const { data } = await driver.sendAndGetDevToolsCommand("Page.captureScreenshot", {
    format: "png",
    captureBeyondViewport: true,
    clip,
  });
  return data;
}

/** Runs in a page: the pixels of a PNG. */
const DECODE = `
  const [png, done] = arguments;
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  createImageBitmap(new Blob([bytes])).then((bitmap) => {
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(new Blob([data]));
  });
`;

/** A third of the bytes, for the README's sake. */
async function shrink(driver, png) {
  // The demo's own policy lets no page script in from here.
  await driver.get("about:blank");
  const pixels = await driver.executeAsyncScript(DECODE, png);
  return encodePng(Buffer.from(pixels, "base64"), WIDTH);
}

async function takeScreenshot() {
  const demo = await startDemo();
  try {
    const { driver, close } = await openBrowser({ width: WIDTH });
    try {
      await driver.get(demo.url);
      await logIn(driver);
      const image = await shrink(driver, await picture(driver));
      await writeFile(FILE, image);
      console.log(`www/screenshot.png: ${Math.round(image.length / 1000)} kB`);
    } finally {
      await close();
    }
  } finally {
    await demo.close();
  }
}

await takeScreenshot().catch(fail);
