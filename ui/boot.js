// A file of its own so that the page needs no inline script under its content security policy.
import init from "/ui.js";

init({ module_or_path: "/ui_bg.wasm" }).catch((error) => {
  const line = document.createElement("p");
  line.className = "boot-error";
  line.setAttribute("role", "alert");
  line.textContent = `Wirelab could not start: ${error}. Reload the page; if that does not help, use a browser with WebAssembly.`;
  document.body.append(line);
});
