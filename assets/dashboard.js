/** When a page has come: its title in the tab, and the place in it that the address names. */
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.yiwang = {
  arrive(title) {
    if (title) document.title = title;
    const name = decodeURIComponent(window.location.hash.slice(1));
    // The panels are drawn after this turn.
    if (name) setTimeout(() => document.getElementById(name)?.scrollIntoView(), 50);
    return "";
  },
};
