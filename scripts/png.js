// A picture as a small PNG (RFC 2083): a palette of 256 colours, found by median cut, and one byte a pixel.
import { crc32, deflateSync } from "node:zlib";

const SIZE = 256;
const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/** @typedef {{ rgb: [number, number, number], count: number }} Colour */

/** @returns {Map<number, Colour>} each colour of the picture, by its number */
function countColours(pixels) {
  const colours = new Map();
  for (let at = 0; at < pixels.length; at += 4) {
    const key = pixels.readUIntBE(at, 3);
    const colour = colours.get(key);
    if (colour) colour.count += 1;
    else colours.set(key, { rgb: [pixels[at], pixels[at + 1], pixels[at + 2]], count: 1 });
  }
  return colours;
}

/** A box of colours, with its longest side. */
function makeBox(colours) {
  const spans = [0, 1, 2].map((channel) => {
    const values = colours.map(({ rgb }) => rgb[channel]);
    return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
  });
  const span = Math.max(...spans);
  const pixels = colours.reduce((sum, { count }) => sum + count, 0);
  // Large and crowded boxes first; but a crowd must not win over colours that are far apart.
  return { colours, channel: spans.indexOf(span), worth: span * Math.cbrt(pixels) };
}

function split({ colours, channel }) {
  colours.sort((a, b) => a.rgb[channel] - b.rgb[channel]);
  const middle = (colours[0].rgb[channel] + colours.at(-1).rgb[channel]) / 2;
  const at = colours.findIndex(({ rgb }) => rgb[channel] > middle);
  return [makeBox(colours.slice(0, at)), makeBox(colours.slice(at))];
}

/** The mean of its pixels. */
function mean({ colours }) {
  const pixels = colours.reduce((sum, { count }) => sum + count, 0);
  return [0, 1, 2].map((channel) =>
    Math.round(colours.reduce((sum, { rgb, count }) => sum + rgb[channel] * count, 0) / pixels),
  );
}

function findPalette(colours) {
  const boxes = [makeBox([...colours])];
  while (boxes.length < SIZE) {
    const best = boxes.reduce((a, b) => (b.worth > a.worth ? b : a));
    if (best.worth === 0) break;
    boxes.splice(boxes.indexOf(best), 1, ...split(best));
  }
  return boxes.map(mean);
}

function nearest(palette, [red, green, blue]) {
  const distance = ([r, g, b]) => (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
  return palette.reduce((best, colour, index) => (distance(colour) < distance(palette[best]) ? index : best), 0);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(4);
  frame.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([frame, body, sum]);
}

/**
 * @param {Buffer} pixels four bytes each: red, green, blue, and opacity, which is left out
 * @param {number} width
 * @returns {Buffer}
 */
export function encodePng(pixels, width) {
  const height = pixels.length / 4 / width;
  const colours = countColours(pixels);
  const palette = findPalette(colours.values());
  const indices = new Map([...colours].map(([key, { rgb }]) => [key, nearest(palette, rgb)]));
  // Each row begins with the number of its filter: none.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = indices.get(pixels.readUIntBE((y * width + x) * 4, 3));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits a pixel, through a palette.
  header.set([8, 3], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
