// How a function is run in a page through plain WebDriver.

/**
 * @param {import("selenium-webdriver").WebDriver} driver
 * @param {Function | string} work may be asynchronous; its text is what is sent
 * @param {unknown[]} args
 */
export async function callByScript(driver, work, args) {
  const { value, error } = await driver.executeAsyncScript(
    `const [args, done] = arguments;
    (async () => (${work})(...args))().then((value) => done({ value }), (error) => done({ error: String(error) }));`,
    args,
  );
  if (error) throw new Error(error);
  return value;
}
