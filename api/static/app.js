// The page: the form, the address bar, and who speaks when.
import { ask, listProducts, Trouble } from "./api.js";
import { ProductField } from "./combobox.js";
import { el, plural } from "./dom.js";
import { examplesFor } from "./examples.js";
import { reply, trouble, waiting } from "./results.js";

const [form, question, results, status, examples, submit] = ["ask", "question", "results", "status", "examples", "submit"].map((id) => document.getElementById(id));
const product = new ProductField(
  document.getElementById("product"),
  document.getElementById("product-list"),
  document.getElementById("product-hint"),
  showExamples,
);
let current = null;

function showExamples(chosen) {
  const found = chosen ? examplesFor(chosen.id) : [];
  examples.hidden = found.length === 0;
  examples.replaceChildren(...found.map((text) => el("button", { type: "button", class: "chip", click: () => start(text) }, text)));
}

function start(text) {
  question.value = text;
  form.requestSubmit();
}

function invalid(field, message) {
  field.setAttribute("aria-invalid", "true");
  show(message, trouble({ title: message, detail: field === question ? "For example: does it last?" : "Type a part of its name and choose it from the list." }));
  field.focus();
}

function show(announcement, ...nodes) {
  results.removeAttribute("aria-busy");
  results.replaceChildren(...nodes);
  status.textContent = announcement;
}

async function run({ focus }) {
  const [id, text] = [product.id, question.value.trim()];
  current?.abort();
  current = new AbortController();
  const { signal } = current;
  results.setAttribute("aria-busy", "true");
  results.replaceChildren(waiting());
  status.textContent = "Reading the reviews";
  submit.setAttribute("aria-disabled", "true");
  document.title = `${text} · Ask the reviews`;
  try {
    const result = await ask(id, text, signal);
    show(summary(result), ...reply(result));
    if (focus) results.focus();
  } catch (error) {
    if (error.name !== "AbortError") failed(error);
  } finally {
    if (!signal.aborted) submit.removeAttribute("aria-disabled");
  }
}

function failed(error) {
  if (!(error instanceof Trouble)) console.error(error);
  const again = error.status === 404 || error.status === 422 ? null : () => run({ focus: true });
  show("", trouble(error, again, (id) => product.chooseById(id).then(() => form.requestSubmit())));
}

function summary(result) {
  if (!result.answered) return "No review answers this";
  return `${plural(result.answers.length, "answer")} from ${plural(result.reviews_read, "review")}`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  for (const field of [product.input, question]) field.removeAttribute("aria-invalid");
  product.close();
  if (!product.id) return invalid(product.input, "Which product?");
  if (!question.value.trim()) return invalid(question, "What do you want to know?");
  const address = `/?${new URLSearchParams({ product: product.id, q: question.value.trim() })}`;
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  return run({ focus: true });
});

// The address bar is the state: a link opens its answer, and Back goes to the one before.
function restore() {
  const asked = new URLSearchParams(location.search);
  const [id, text] = [asked.get("product") ?? "", asked.get("q") ?? ""];
  current?.abort();
  submit.removeAttribute("aria-disabled");
  question.value = text;
  if (id) product.chooseById(id);
  else product.clear();
  if (id && text) run({ focus: false });
  else welcome();
}

async function welcome() {
  document.title = "Ask the reviews";
  show("");
  try {
    const { products } = await listProducts("", undefined, 9);
    if (!results.firstChild) show("", products.length ? shelf(products) : emptyStore());
  } catch (error) {
    show("", trouble(error, welcome));
  }
}

function shelf(products) {
  const item = (found) =>
    el("li", {}, el("button", { type: "button", class: "product", click: () => pick(found) }, el("span", {}, found.title || found.id), el("span", { class: "option-note" }, plural(found.reviews, "review"))));
  return el("div", { class: "shelf" }, el("h2", {}, "Products with most reviews"), el("ul", {}, ...products.map(item)));
}

function pick(found) {
  product.choose(found);
  question.focus();
}

const emptyStore = () =>
  el("div", { class: "card" }, el("h2", {}, "There are no reviews yet"), el("p", {}, "Add some with ", el("code", {}, "reviewqa index FILE"), ", then load this page again."));

window.addEventListener("popstate", restore);
restore();
