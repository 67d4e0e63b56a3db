// Builds DOM nodes. Strings become text nodes and nothing else: reviews are hostile input.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// The API counts Unicode code points, JavaScript's strings UTF-16 units.
export function marked(text, start, end) {
  const points = Array.from(text);
  const cut = (from, to) => points.slice(from, to).join("");
  return [cut(0, start), el("mark", {}, cut(start, end)), cut(end)];
}

export const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

// Never "100 %" for what is not certain.
export function percent(share) {
  const shown = Math.round(share * 100);
  if (shown === 100 && share < 1) return "over 99 %";
  if (shown === 0 && share > 0) return "under 1 %";
  return `${shown} %`;
}

export function day(iso) {
  const date = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleDateString("en", { dateStyle: "long", timeZone: "UTC" });
}
