// The figures for people: a Markdown table a chapter, ratios first.

const total = (value) => [value].flat().reduce((sum, part) => sum + part, 0);

/** Three digits that say something, and no more. */
function number(value) {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function cell(value) {
  return value === undefined ? "" : [value].flat().map(number).join(" + ");
}

function ratio({ ours, theirs }) {
  if (ours === undefined || theirs === undefined || total(theirs) === 0) return "";
  return (total(ours) / total(theirs)).toFixed(2);
}

function line(row) {
  const { what, unit, ours, theirs, beside = "", note } = row;
  return [ratio(row), what, unit, cell(ours), note ?? cell(theirs), beside];
}

/**
 * @param {Record<string, object[]>} chapters rows by title
 * @param {Record<string, string>} versions
 */
export function table(chapters, versions) {
  const parts = Object.entries(chapters).map(([title, rows]) => {
    const lines = [
      ["÷", title, "in", "ours", "theirs", "beside"],
      ["---:", "---", "---", "---:", "---:", "---"],
    ];
    return [...lines, ...rows.map(line)].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  });
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${parts.join("\n\n")}\n\n${named.join(", ")}\n`;
}
