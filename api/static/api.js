// Talks to /v1 and turns every failure into one kind of error.

export class Trouble extends Error {
  constructor({ title, detail, status = 0, suggestions = [], requestId = null }) {
    super(detail);
    Object.assign(this, { title, detail, status, suggestions, requestId });
  }
}

const UNREACHABLE = {
  title: "The server cannot be reached",
  detail: "Check the connection, and that the server is still running, then try again.",
};

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(UNREACHABLE);
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Trouble({
    title: body.title ?? "The server refused",
    detail: body.detail ?? `It answered with status ${response.status}.`,
    status: response.status,
    suggestions: body.suggestions ?? [],
    requestId: body.request_id ?? null,
  });
}

export function ask(product, question, signal) {
  return send("/v1/ask", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ product_id: product, question }),
    signal,
  });
}

export const listProducts = (query, signal, limit = 12) =>
  send(`/v1/products?${new URLSearchParams({ query, limit })}`, { signal });

export const getProduct = (id, signal) => send(`/v1/products/${encodeURIComponent(id)}`, { signal });

export const getReview = (id, signal) => send(`/v1/reviews/${encodeURIComponent(id)}`, { signal });
