// Requests to the server. A refusal becomes an Error with the server's own sentence.

export class ApiError extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch {
    throw new ApiError(0, "The server does not answer.");
  }
  let body;
  try {
    body = await response.json();
  } catch {
    throw new ApiError(response.status, `The server answered ${response.status} without JSON.`);
  }
  if (!response.ok) throw new ApiError(response.status, body.message || `The server answered ${response.status}.`, body);
  return body;
}

export const get = (path) => request(path);

export const post = (path, body) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// Runs queries and always returns {refId: {frames, error}}: one failed query must not take the others with it.
export async function runQueries(range, queries) {
  if (queries.length === 0) return {};
  const body = { from: String(Math.round(range.from)), to: String(Math.round(range.to)), queries };
  try {
    return (await post("/api/ds/query", body)).results;
  } catch (error) {
    if (error.body && error.body.results) return error.body.results;
    throw error;
  }
}
