// Renders the document: operations on the left, one of them on the right. Text goes in as text, never as markup.

import { tryOut } from "./try.js";

const VERBS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const MAX_DEPTH = 12;

/** An element with attributes and children; a string is a text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== ""));
  return made;
}

/** What a reference stands for. */
export function resolved(api, schema) {
  let at = schema;
  for (let steps = 0; at?.$ref && steps < 8; steps++) {
    at = api.components.schemas[at.$ref.split("/").pop()];
  }
  return at ?? {};
}

function typeName(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(typeName).join(" | ");
  if (schema.enum) return "enum";
  if (schema.type === "array") return `${typeName(schema.items ?? {})}[]`;
  if (schema.additionalProperties && schema.additionalProperties !== true) {
    return `map of ${typeName(schema.additionalProperties)}`;
  }
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type ?? "any";
  return schema.format ? `${type} (${schema.format})` : type;
}

/** A comment: what is in backticks is code. */
function docs(text) {
  if (!text) return undefined;
  // Lines of a paragraph belong together; those of a list or an indented text do not.
  const flowing = text.replace(/([^\n])\n(?=[^\s*-])/g, "$1 ");
  const parts = flowing.split("`");
  const nodes = parts.map((part, at) => (at % 2 ? element("code", {}, part) : part));
  return element("div", { class: "docs" }, ...nodes);
}

/** The type that the parts of a schema have. */
function inner(schema) {
  if (schema.type === "array") return inner(schema.items ?? {});
  const values = schema.additionalProperties;
  return values && values !== true ? inner(values) : schema;
}

/** A schema as a tree that opens where one asks it to. */
function tree(api, schema, depth = 0) {
  const { properties = {}, required = [], enum: names } = resolved(api, inner(schema));
  if (names) return element("p", { class: "mono" }, names.join(", "));
  const rows = Object.entries(properties).map(([name, property]) => {
    const line = [
      element("span", { class: property.deprecated ? "mono deprecated" : "mono" }, name),
      " ",
      element("span", { class: "type" }, typeName(property)),
      required.includes(name) ? element("span", { class: "needed" }, " required") : "",
    ];
    const target = resolved(api, inner(property));
    const opens = (target.properties || target.enum || target.anyOf) && depth < MAX_DEPTH;
    if (!opens) return element("div", {}, ...line, docs(property.description));
    const made = element("details", {}, element("summary", {}, ...line), docs(property.description));
    const options = target.anyOf ? target.anyOf[0] : property;
    const open = () => made.append(tree(api, options, depth + 1));
    made.addEventListener("toggle", open, { once: true });
    return made;
  });
  return element("div", {}, ...rows);
}

/** The schema of a parameter, which may be JSON as a text. */
function schemaOf({ schema, content }) {
  return schema ?? Object.values(content ?? {})[0]?.schema ?? {};
}

function parameters(operation) {
  if (!operation.parameters) return [];
  const head = ["Name", "In", "Type", ""].map((name) => element("th", { scope: "col" }, name));
  const rows = operation.parameters.map((parameter) =>
    element("tr", {},
      element("td", { class: "mono" }, parameter.name,
        parameter.required ? element("span", { class: "needed" }, " *") : ""),
      element("td", {}, parameter.in),
      element("td", { class: "type" }, typeName(schemaOf(parameter))),
      element("td", {}, docs(parameter.description) ?? "")));
  return [
    element("h3", {}, "Parameters"),
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
  ];
}

function content(api, title, part) {
  const [media, { schema } = {}] = Object.entries(part.content ?? {})[0] ?? [];
  if (!media) return [];
  const all = Object.keys(part.content).join(", ");
  return [
    element("h3", {}, title),
    docs(part.description) ?? "",
    element("p", {}, element("span", { class: "type" }, schema ? typeName(schema) : "bytes"), ` as ${all}`),
    schema ? tree(api, schema) : "",
  ];
}

function show(api, { verb, path, operation }) {
  const main = document.getElementById("operation");
  const responses = Object.entries(operation.responses ?? {});
  main.replaceChildren(
    element("div", { class: "place" },
      element("span", { class: `verb ${verb}` }, verb.toUpperCase()),
      element("span", { class: "mono" }, path)),
    element("h2", { class: operation.deprecated ? "deprecated" : "" }, operation["x-grpc-method"] ?? path),
    docs(operation.description) ?? "",
    ...parameters(operation),
    ...(operation.requestBody ? content(api, "Body", operation.requestBody) : []),
    element("h3", {}, "Try it"),
    tryOut(api, verb, path, operation),
    ...responses.flatMap(([code, response]) => content(api, `Answer ${code}`, response)),
  );
  main.scrollTop = 0;
}

function list(api) {
  const all = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const verb of VERBS.filter((verb) => item[verb])) {
      all.push({ verb, path, operation: item[verb] });
    }
  }
  return all;
}

function start(api) {
  const all = list(api);
  const nav = document.getElementById("operations");
  const search = document.getElementById("search");
  document.title = api.info.title;
  document.getElementById("title").textContent = api.info.title;

  const fill = () => {
    const wanted = search.value.trim().toLowerCase();
    const fits = ({ verb, path, operation }) =>
      `${verb} ${path} ${operation.operationId} ${operation.summary ?? ""}`.toLowerCase().includes(wanted);
    const groups = new Map();
    for (const one of all.filter(fits)) {
      const tag = one.operation.tags?.[0] ?? "";
      groups.set(tag, [...(groups.get(tag) ?? []), one]);
    }
    nav.replaceChildren(...[...groups].flatMap(([tag, operations]) => [
      element("h2", {}, tag),
      ...operations.map(({ verb, path, operation }) =>
        element("a", { href: `#${encodeURIComponent(operation.operationId)}`, title: operation.summary },
          element("span", { class: `verb ${verb}` }, verb.toUpperCase()),
          element("span", { class: operation.deprecated ? "mono deprecated" : "mono" }, path))),
    ]));
    mark();
  };
  const mark = () => {
    for (const link of nav.querySelectorAll("a")) {
      if (link.hash === location.hash) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  };
  const go = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const found = all.find(({ operation }) => operation.operationId === id) ?? all[0];
    if (found) show(api, found);
    else document.getElementById("operation").textContent = "No method can be reached by REST.";
    mark();
  };
  search.addEventListener("input", fill);
  addEventListener("hashchange", go);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, textarea, select")) {
      event.preventDefault();
      search.focus();
    }
  });
  fill();
  go();
}

function theme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = localStorage.getItem("theme") ?? system;
  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  });
}

theme();
try {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  start(await answer.json());
} catch (error) {
  document.getElementById("operation").textContent = `The document cannot be shown: ${error.message}`;
}
