// What stands on the page: which part of it is in sight, and the state, name and time that it shows.
import { find } from "./dom.js";
import { showExpired } from "./licence.js";
import { Ring } from "./ring.js";

const ring = new Ring(find("ring"), find("time-left"));

function lifeWord(state, left) {
  if (state === "refreshing" || state === "offline") return state;
  if (left === null) return "unknown";
  return left > 0 ? "left" : "expired";
}

/**
 * @param {import("./session.js").Session | undefined} session
 * @param {boolean} opening while it is not known yet what to show
 */
export function render(session, opening) {
  const state = session?.security.state ?? "signed-out";
  const signedIn = session?.isSignedIn ?? false;
  const view = opening ? "loading" : signedIn ? "signed-in" : "signed-out";
  for (const part of document.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== view;
  find("state").textContent = state;
  find("state").dataset.state = state;
  document.title = `${(signedIn && session.claims?.name) || "Who are you?"} · Pilot licence`;
  if (!signedIn) return;
  const left = session.secondsLeft;
  ring.show(left, session.life);
  find("life-word").textContent = lifeWord(state, left);
  find("licence").dataset.state = state;
  if (left === 0) showExpired();
}
