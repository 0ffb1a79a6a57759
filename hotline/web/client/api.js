// Requests to the desk's JSON endpoints. Every failure is an ApiError with words for the person.

import { t } from "./words.js";

export const LIMIT = 15_000; // milliseconds

export class ApiError extends Error {
  constructor(status, body) {
    super([body.what, body.advice].filter(Boolean).join(t("。")));
    this.status = status;
    this.fields = Object.fromEntries((body.fields ?? []).map((each) => [each.field, each.words]));
  }
}

/** Sends a request and returns the JSON answer; throws ApiError. */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT),
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError(0, { what: t("网络不通，内容已保存在本机，请稍后重试。") });
  }
  const answer = await response.json().catch(() => ({ what: t("系统出错了") }));
  if (response.status === 401) signInAgain();
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

/** Asks for the password over the page, which stays as it is (sign-in-again.js). */
export function signInAgain() {
  dispatchEvent(new Event("signed-out"));
}
