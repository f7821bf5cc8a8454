/* The steps of the browser's history: one for each page that is opened, with the choices it was left with.

Streamlit makes a step of every change of the address, and takes the choices of the page that is left out of the address
while that page's step is still the current one: so its address is kept when it is left, and put back before the new
step is made. A page is left by a click on a link, or because the server says so (gradviz/ui/address.py).

Who steps back while a page is being drawn gets that page's name from the server once more, before the run of the page
that was stepped to begins: as a step of its own it would end all steps forward. */
const keepSteps = (history, document, location) => {
  const push = history.pushState
  let left = null
  let stepped = false
  // A second link may be clicked while the first page is on its way, and the address be spoilt already.
  const idle = () => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"

  document.addEventListener("click", (event) => {
    stepped = false
    const link = event.target.closest?.("a[href]")
    if (!link || link.target === "_blank" || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return
    const to = new URL(link.href, location.href)
    if (to.origin !== location.origin || to.pathname === location.pathname) return
    if (left === null || idle()) left = location.href
  }, true)
  document.defaultView.addEventListener("popstate", () => {
    left = null
    stepped = true
  })

  history.pushState = (state, title, url) => {
    const to = new URL(url ?? "", location.href)
    if (to.pathname !== location.pathname) {
      if (stepped) return
      if (left !== null) history.replaceState(state, title, left)
      left = null
      return push.call(history, state, title, url)
    }
    if (to.searchParams.has("leaving")) {
      left = location.href
      stepped = false
    } else history.replaceState(state, title, url)
  }
}
