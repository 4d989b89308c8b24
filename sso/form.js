// Forms sent to this server: reading one, and handing a changed one on to the provider, which reads
// the request's body itself.
import { Readable } from "node:stream";

const FORM = "application/x-www-form-urlencoded";

async function readBody(ctx) {
  const chunks = [];
  for await (const chunk of ctx.req) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** @returns {Promise<URLSearchParams>} empty if the body is something else */
export async function readForm(ctx) {
  return new URLSearchParams(ctx.is(FORM) ? await readBody(ctx) : "");
}

/**
 * Reads the form, lets `change` alter it, and puts it back for whoever reads it next.
 *
 * @param {(form: URLSearchParams) => void | Promise<void>} change
 */
export async function changeForm(ctx, change) {
  if (!ctx.is(FORM)) return new URLSearchParams();
  const form = new URLSearchParams(await readBody(ctx));
  await change(form);
  const body = Buffer.from(form.toString());
  const { method, url, socket } = ctx.req;
  const headers = { ...ctx.req.headers, "content-length": String(body.length) };
  delete headers["transfer-encoding"];
  const req = Object.assign(Readable.from([body], { objectMode: false }), { method, url, headers, socket });
  ctx.req = ctx.request.req = ctx.response.req = req;
  return form;
}
