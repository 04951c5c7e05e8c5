// Runs before the first paint, outside the bundle: sets the chosen theme, so that it never flashes the other one.
(function () {
  var chosen = null;
  try {
    chosen = JSON.parse(localStorage.getItem('condorito.preferences') || '{}').theme;
  } catch {
    // A damaged value is the same as none.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
