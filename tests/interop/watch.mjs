// In a page: what is there for moments only is seen all the same, however busy the machine.
// When `words` first stand in the element, by the page's clock.
export function watchFor([where, words]) {
  const watched = document.querySelector(where);
  window.watching = true;
  return new Promise((resolve) => {
    const look = () => {
      if (!watched.textContent.includes(words)) return;
      observer.disconnect();
      resolve(performance.now());
    };
    const observer = new MutationObserver(look);
    observer.observe(watched, { childList: true, subtree: true, characterData: true });
    look();
  });
}
