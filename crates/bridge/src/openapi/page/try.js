// The form that sends an operation through the bridge itself, and what comes back as it comes.

import { element, resolved } from "./docs.js";

const MAX_SHOWN = 1 << 20;

/** A value that a schema takes, to begin with. */
export function example(api, schema, depth = 0) {
  const at = resolved(api, schema);
  if (at.examples) return at.examples[0];
  if (at.anyOf) return example(api, at.anyOf[0], depth);
  if (at.enum) return at.enum[0];
  const type = Array.isArray(at.type) ? at.type[0] : at.type;
  switch (type) {
    case "object": {
      const filled = {};
      if (depth < 3) {
        for (const [name, property] of Object.entries(at.properties ?? {})) {
          // Members of a oneof exclude each other: the first speaks for all.
          const others = /At most one of (.*)\.$/.exec(property.description ?? "")?.[1] ?? "";
          if (others && !others.startsWith(`\`${name}\``)) continue;
          filled[name] = example(api, property, depth + 1);
        }
      }
      return filled;
    }
    case "array": return depth < 3 ? [example(api, at.items ?? {}, depth + 1)] : [];
    case "boolean": return false;
    case "integer": case "number": return 0;
    case "string": {
      if (at.format === "date-time") return "2026-01-01T00:00:00Z";
      return at.format === "int64" || at.format === "uint64" ? "0" : "";
    }
    default: return null;
  }
}

/** Path and query of what the fields say. */
export function target(path, fields) {
  const query = new URLSearchParams();
  let filled = path;
  for (const { parameter, value } of fields) {
    if (parameter.in === "path") {
      const encoded = encodeURIComponent(value);
      const kept = parameter["x-several-segments"] ? encoded.replaceAll("%2F", "/") : encoded;
      filled = filled.replace(`{${parameter.name}}`, () => kept);
    } else if (value !== "") {
      const lines = parameter.style ? value.split("\n").filter((line) => line !== "") : [value];
      for (const line of lines) {
        const [key, ...rest] = line.split("=");
        if (parameter.style === "deepObject") query.append(`${parameter.name}[${key}]`, rest.join("="));
        else query.append(parameter.name, line);
      }
    }
  }
  const text = query.toString();
  return text ? `${filled}?${text}` : filled;
}

function field(parameter) {
  const hint = { form: "one value a line", deepObject: "key=value, one a line" }[parameter.style];
  const control = hint
    ? element("textarea", { class: "mono", placeholder: hint, rows: 2 })
    : element("input", { class: "mono", required: parameter.required, autocomplete: "off" });
  const name = element("span", { class: "mono" }, parameter.name, parameter.required ? " *" : "");
  return { parameter, control, label: element("label", {}, name, control) };
}

/** The text of an answer: JSON laid out, anything else as it is. */
function laidOut(text, media) {
  if (!media.startsWith("application/json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function receive(answer, pre) {
  const media = answer.headers.get("content-type") ?? "";
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    if (text.length > MAX_SHOWN) {
      await reader.cancel();
      text = `${text.slice(0, MAX_SHOWN)}\n… cut here`;
      break;
    }
    pre.textContent = text;
  }
  pre.textContent = laidOut(text, media);
}

/** The form. */
export function tryOut(api, verb, path, operation) {
  const fields = (operation.parameters ?? []).map(field);
  const media = Object.keys(operation.requestBody?.content ?? {});
  const schema = operation.requestBody?.content[media[0]]?.schema;
  const body = media.length > 0 ? element("textarea", { class: "mono", rows: 8, "aria-label": "Body" }) : undefined;
  if (schema) body.value = JSON.stringify(example(api, schema), null, 2);
  const medias = Object.keys(operation.responses?.["200"]?.content ?? {});
  const accept = element("select", { "aria-label": "Accept" },
    ...medias.map((media) => element("option", {}, media)));
  const headers = element("textarea", {
    class: "mono", rows: 1, placeholder: api.security ? "Authorization: Bearer …" : "name: value",
  });
  const status = element("span", { role: "status" });
  const pre = element("pre", { hidden: "", tabindex: "0", "aria-label": "Answer" });
  let running;

  const send = async (event) => {
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    const values = fields.map(({ parameter, control }) => ({ parameter, value: control.value }));
    const began = performance.now();
    const sent = new Headers({ accept: accept.value || "*/*" });
    pre.hidden = false;
    pre.textContent = "";
    status.textContent = "…";
    status.className = "";
    try {
      for (const line of headers.value.split("\n").filter((line) => line.includes(":"))) {
        const colon = line.indexOf(":");
        sent.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
      }
      if (body && !sent.has("content-type")) {
        sent.set("content-type", media[0].includes("*") ? "application/octet-stream" : media[0]);
      }
      // The bridge that the page came from, whatever the document says of others.
      const base = new URL(".", location.href);
      const url = new URL(`${base.pathname.replace(/\/$/, "")}${target(path, values)}`, base);
      const answer = await fetch(url, {
        method: verb.toUpperCase(), headers: sent, body: body?.value, signal: running.signal,
      });
      await receive(answer, pre);
      status.textContent = `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - began)} ms`;
      status.className = answer.ok ? "ok" : "bad";
    } catch (error) {
      status.textContent = error.name === "AbortError" ? "stopped" : error.message;
      status.className = "bad";
    }
  };
  const form = element("form", { onsubmit: send },
    ...fields.map(({ label }) => label),
    body ? element("label", {}, element("span", {}, "Body"), body) : "",
    element("label", {}, element("span", {}, "Headers"), headers),
    element("label", {}, element("span", {}, "Accept"), accept),
    element("div", { class: "row" },
      element("button", { class: "go", type: "submit" }, "Send"),
      element("button", { type: "button", onclick: () => running?.abort() }, "Stop"),
      element("span", { class: "dim" }, "Ctrl+Enter"),
      status),
    pre);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key === "Escape") running?.abort();
  });
  return form;
}
