// The product field: a combobox after the ARIA authoring practices.
import { getProduct, listProducts } from "./api.js";
import { el, plural } from "./dom.js";

const PAUSE = 150;

export class ProductField {
  constructor(input, list, hint, changed) {
    Object.assign(this, { input, list, hint, changed });
    this.chosen = null;
    this.options = [];
    this.active = -1;
    input.addEventListener("input", () => this.edited());
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => this.search());
    input.addEventListener("keydown", (event) => this.pressed(event));
    input.addEventListener("blur", () => this.close());
    // The list must not take the focus away from the input before the click arrives.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  // The id that was chosen, or whatever was typed: the server knows whether it exists.
  get id() {
    return this.chosen?.id ?? this.input.value.trim();
  }

  choose(product) {
    this.chosen = product;
    this.input.value = product.title || product.id;
    const mean = product.mean_rating === null ? "" : `, rated ${product.mean_rating.toFixed(1)} on average`;
    this.hint.textContent = product.reviews ? `${plural(product.reviews, "review")}${mean}` : "";
    this.close();
    this.changed(product);
  }

  async chooseById(id) {
    this.chosen = { id, title: id, reviews: 0 };
    this.input.value = id;
    try {
      const product = await getProduct(id);
      if (this.chosen?.id === id) this.choose(product);
    } catch {
      this.chosen = null; // asking will say what is wrong
    }
  }

  clear() {
    this.chosen = null;
    this.input.value = "";
    this.hint.textContent = "";
    this.close();
    this.changed(null);
  }

  edited() {
    if (this.chosen) this.changed(null);
    this.chosen = null;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), PAUSE);
  }

  async search() {
    this.request?.abort();
    this.request = new AbortController();
    const query = this.chosen ? "" : this.input.value.trim();
    try {
      const { products } = await listProducts(query, this.request.signal);
      if (document.activeElement === this.input) this.open(products);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.hint.textContent = error.title ?? "Products cannot be listed";
      this.close();
    }
  }

  open(products) {
    this.options = products;
    this.active = -1;
    this.list.replaceChildren(...products.map((product, index) => this.option(product, index)));
    this.list.hidden = products.length === 0;
    this.input.setAttribute("aria-expanded", String(products.length > 0));
    this.input.removeAttribute("aria-activedescendant");
    this.hint.textContent = products.length ? `${plural(products.length, "product")} listed` : "No product matches";
  }

  option(product, index) {
    return el(
      "li",
      { role: "option", id: `product-${index}`, "aria-selected": "false", click: () => this.choose(product) },
      el("span", { class: "option-title" }, product.title || product.id),
      el("span", { class: "option-note" }, `${product.id} · ${plural(product.reviews, "review")}`),
    );
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  pressed(event) {
    const act = this.keys()[event.key];
    if (act?.()) event.preventDefault();
  }

  keys() {
    const isOpen = !this.list.hidden;
    return {
      ArrowDown: () => (isOpen ? this.move(this.active + 1) : (this.search(), true)),
      ArrowUp: () => isOpen && this.move(this.active - 1),
      Enter: () => isOpen && this.active >= 0 && (this.choose(this.options[this.active]), true),
      Tab: () => (isOpen && this.active >= 0 && this.choose(this.options[this.active]), false),
      Escape: () => isOpen && (this.close(), true),
    };
  }

  move(index) {
    const count = this.options.length;
    this.active = (index + count) % count;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === this.active)));
    const current = this.list.children[this.active];
    current.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", current.id);
    return true;
  }
}
