// Starts the desk. A file of its own, because the Content-Security-Policy refuses scripts inside the page.
//
// The addresses of the two built files carry a hash; Trunk writes them into <meta name="desk"> (see Trunk.toml).

// The chosen theme and language stand before the first paint, so that a dark desk never flashes white.
// The keys are those of app/src/platform/storage.rs.
try {
  const { documentElement: page } = document;
  const theme = localStorage.getItem("madoguchi.theme");
  if (theme === "light" || theme === "dark") page.dataset.theme = theme;
  const language = localStorage.getItem("madoguchi.language");
  if (language === "ja" || language === "en" || language === "ko") page.lang = language;
} catch {
  // Storage is switched off in this browser: the defaults hold.
}

try {
  const { module, wasm } = document.querySelector('meta[name="desk"]').dataset;
  const desk = await import(module);
  await desk.default({ module_or_path: wasm });
} catch (error) {
  document.getElementById("start-failed").hidden = false;
  throw error;
}
