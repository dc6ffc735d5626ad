// The theme and density that were chosen, as attributes that the style sheets look at.

/** The browser's own bars have the colour of the theme. Without a choice, the page's first lines say which. */
export function dress({ theme, density }) {
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.density = density;
  for (const [scheme, meta] of ['light', 'dark'].map((each) => [each, document.querySelector(`meta[data-scheme=${each}]`)])) {
    meta.media = theme === 'system' ? `(prefers-color-scheme: ${scheme})` : theme === scheme ? 'all' : 'not all';
  }
}
