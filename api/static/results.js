// Turns a reply into DOM: answers, no answer, what was read, trouble.
import { getReview } from "./api.js";
import { day, el, marked, percent, plural } from "./dom.js";

const WORDS = [[0.9, "Very sure"], [0.7, "Fairly sure"], [0.5, "Likely"], [0, "Unsure"]];
const reviews = new Map();
let serial = 0;

export function reply(result) {
  const body = result.answered
    ? [el("h2", { class: "visually-hidden" }, "Answers"), ...result.answers.map((answer) => answerCard(answer))]
    : [nothing(result)];
  return [corrections(result.corrections), ...body, readings(result)].filter(Boolean);
}

function corrections(replaced) {
  const pairs = Object.entries(replaced);
  if (!pairs.length) return null;
  const parts = pairs.flatMap(([typed, meant], index) => [index ? ", " : "", el("strong", {}, meant), ` instead of ${typed}`]);
  return el("p", { class: "hint corrections", dir: "auto" }, "Searched for ", ...parts);
}

function answerCard(answer, miss = false) {
  const [best, ...others] = answer.support;
  return el(
    "article",
    { class: miss ? "card answer miss" : "card answer" },
    el("h3", { class: "answer-text", dir: "auto" }, answer.text),
    confidence(answer.confidence),
    supportItem(best),
    others.length ? supporters(others) : null,
  );
}

function confidence(share) {
  const word = WORDS.find(([least]) => share >= least)[1];
  return el(
    "p",
    { class: "confidence" },
    el("meter", { min: 0, max: 1, value: share, "aria-hidden": "true" }),
    el("strong", {}, word),
    ` · ${percent(share)}`,
  );
}

function supporters(others) {
  return el(
    "details",
    { class: "supporters" },
    el("summary", {}, `${plural(others.length, "more review")} ${others.length === 1 ? "says" : "say"} so`),
    ...others.map((support) => supportItem(support, true)),
  );
}

function supportItem(support, withConfidence = false) {
  const [from, to] = [support.start - support.sentence_start, support.end - support.sentence_start];
  const note = withConfidence ? ` · ${percent(support.confidence)}` : "";
  return el(
    "div",
    { class: "support" },
    el("blockquote", { dir: "auto" }, ...marked(support.sentence, from, to)),
    citation(support.review, note),
    wholeReview(support),
  );
}

function citation(review, note) {
  const parts = [
    review.rating === null ? null : el("span", { class: "rating" }, el("span", { "aria-hidden": "true" }, "★ "), `rated ${review.rating}`),
    review.date ? el("time", { datetime: review.date }, day(review.date)) : null,
    review.verified ? "verified purchase" : null,
    review.author ? el("bdi", {}, review.author) : null,
  ].filter(Boolean);
  const spaced = parts.flatMap((part, index) => (index ? [" · ", part] : [part]));
  return el("p", { class: "citation" }, ...spaced, note);
}

function wholeReview(support) {
  const id = `review-${++serial}`;
  const box = el("div", { id, class: "whole", tabindex: "0", role: "region", "aria-label": "Whole review", hidden: true });
  const button = el("button", { type: "button", class: "link", "aria-expanded": "false", "aria-controls": id }, "Read the whole review");
  button.addEventListener("click", () => toggle(button, box, support));
  return el("div", {}, button, box);
}

async function toggle(button, box, support) {
  const opening = box.hidden;
  box.hidden = !opening;
  button.setAttribute("aria-expanded", String(opening));
  button.textContent = opening ? "Close the review" : "Read the whole review";
  if (!opening || box.firstChild) return;
  box.replaceChildren("Loading…");
  try {
    box.replaceChildren(...wholeText(await fetched(support.review.id), support));
    const mark = box.querySelector("mark");
    box.scrollTop = mark.offsetTop - box.clientHeight / 3;
  } catch (error) {
    box.replaceChildren(error.detail ?? "The review cannot be shown.");
  }
}

async function fetched(id) {
  if (!reviews.has(id)) reviews.set(id, await getReview(id));
  return reviews.get(id);
}

function wholeText(review, support) {
  return [
    review.title ? el("h4", { dir: "auto" }, review.title) : null,
    el("div", { class: "review-text", dir: "auto" }, ...marked(review.text, support.start, support.end)),
    el("p", { class: "citation" }, "Review ", el("code", {}, review.id), ...source(review.url)),
  ].filter(Boolean);
}

// Only http(s): a review's address is as hostile as its text.
function source(url) {
  if (!url || !/^https?:\/\//i.test(url)) return [];
  return [" · ", el("a", { href: url, rel: "noopener noreferrer nofollow", target: "_blank" }, "where it was published")];
}

function nothing(result) {
  const count = result.below_threshold.length;
  const misses = count
    ? el(
        "details",
        { class: "misses" },
        el("summary", {}, `See the nearest ${count === 1 ? "miss" : "misses"}`),
        el("p", { class: "hint" }, `An answer needs ${percent(result.threshold)}; these have less.`),
        ...result.below_threshold.map((answer) => answerCard(answer, true)),
      )
    : null;
  return el(
    "div",
    { class: "card nothing" },
    el("h2", {}, "No review answers this"),
    el("p", {}, `Chance that none of the ${plural(result.reviews_read, "review")} read does: ${percent(result.no_answer_probability)}. Other words may find more.`),
    misses,
  );
}

function readings(result) {
  const { total = 0, ...stages } = result.milliseconds;
  const times = Object.entries(stages).map(([stage, time]) => `${stage} ${time.toFixed(0)} ms`).join(", ");
  const passages = result.passages.map((passage) =>
    el("li", {}, el("p", { class: "review-text", dir: "auto" }, passage.text), el("p", { class: "citation" }, "Review ", el("code", {}, passage.review_id), ...came(passage.origin))),
  );
  return el(
    "details",
    { class: "readings" },
    el("summary", {}, `Read ${plural(result.passages.length, "passage")} of ${plural(result.reviews_read, "review")} in ${total.toFixed(0)} ms`),
    times ? el("p", { class: "hint" }, times) : null,
    el("ol", {}, ...passages),
  );
}

// Where a passage came from and why, for whoever opens the list of what was read.
function came({ bm25, dense, evidence, cross_encoder: ranker }) {
  const parts = [
    bm25 ? `words: ${bm25.terms.join(", ") || "none"} (${place(bm25)})` : null,
    dense ? `meaning: similarity ${dense.score.toFixed(2)} (${place(dense)})` : null,
    evidence ? `answer in it: ${place(evidence)}` : null,
    ranker ? `ranking model: ${place(ranker)}` : null,
  ].filter(Boolean);
  return parts.flatMap((part) => [" · ", el("bdi", {}, part)]);
}

function place({ rank }) {
  return `no. ${rank}`;
}

export function trouble(error, retry, pick) {
  const suggestions = (error.suggestions ?? []).map((id) => el("button", { type: "button", class: "chip", click: () => pick(id) }, id));
  return el(
    "div",
    { class: "card trouble", role: "alert" },
    el("h2", {}, error.title ?? "Something went wrong"),
    el("p", {}, error.detail ?? "Please try again."),
    suggestions.length ? el("p", { class: "examples" }, "Did you mean ", ...suggestions) : null,
    retry ? el("button", { type: "button", click: retry }, "Try again") : null,
    error.requestId && error.status >= 500 ? el("p", { class: "hint" }, "Request ", el("code", {}, error.requestId)) : null,
  );
}

export function waiting() {
  const line = (width) => el("div", { class: `bone ${width}` });
  return el("div", { class: "card waiting", "aria-hidden": "true" }, line("wide"), line("short"), line("wide"));
}
