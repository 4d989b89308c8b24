// Which server to log in at, kept in this browser: the dialog and what it remembers.
import { find } from "./dom.js";
import { eveServer } from "./server.js";
import { redirectUri } from "./session.js";

const KEY = "demo/settings";

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    // Storage is blocked, or holds something else.
    return {};
  }
}

function save(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Then they last as long as this page.
  }
}

export class Settings {
  #local;
  #chosen;
  #onChange;

  /**
   * @param {import("./server.js").Server | null} local
   * @param {() => void} onChange called after another server was chosen
   */
  constructor(local, onChange) {
    this.#local = local;
    this.#chosen = load();
    this.#onChange = onChange;
    this.#listen();
  }

  /** @returns {import("./server.js").Server | null} null before a first client id was given */
  get server() {
    const { server, clientId } = this.#chosen;
    if (server === "eve" || !this.#local) return clientId ? eveServer(clientId) : null;
    return this.#local;
  }

  open() {
    const form = find("settings-form");
    const [local] = form.elements.server;
    local.disabled = !this.#local;
    form.elements.server.value = this.#chosen.server === "eve" || !this.#local ? "eve" : "local";
    find("client-id").value = this.#chosen.clientId ?? "";
    this.#complain("");
    this.#showChoice();
    find("settings").showModal();
  }

  #showChoice() {
    find("eve-settings").hidden = find("settings-form").elements.server.value !== "eve";
  }

  #complain(problem) {
    find("client-id-problem").textContent = problem;
    find("client-id").setAttribute("aria-invalid", problem !== "");
  }

  #submit(event) {
    event.preventDefault();
    const server = find("settings-form").elements.server.value;
    const clientId = find("client-id").value.trim();
    if (server === "eve" && clientId === "") {
      this.#complain("EVE Online needs the client ID of your application.");
      find("client-id").focus();
      return;
    }
    this.#chosen = { server, clientId };
    save(this.#chosen);
    find("settings").close();
    this.#onChange();
  }

  async #copy() {
    const button = find("copy-callback");
    try {
      await navigator.clipboard.writeText(redirectUri);
      button.textContent = "Copied";
    } catch {
      // Not allowed to: then it is at least selected.
      getSelection().selectAllChildren(find("callback"));
      button.textContent = "Selected";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 2000);
  }

  #listen() {
    find("callback").textContent = redirectUri;
    find("open-settings").addEventListener("click", () => this.open());
    find("close-settings").addEventListener("click", () => find("settings").close());
    find("copy-callback").addEventListener("click", () => this.#copy());
    find("settings-form").addEventListener("submit", (event) => this.#submit(event));
    for (const radio of find("settings-form").elements.server) {
      radio.addEventListener("change", () => this.#showChoice());
    }
  }
}
