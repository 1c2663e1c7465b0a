// What scrolls sideways (a long line of code, a wide table) can also be reached and scrolled with the keyboard.
const scrollable = ".md-typeset pre > code, .md-typeset__scrollwrap"

function mark() {
  for (const box of document.querySelectorAll(scrollable)) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0
      box.setAttribute("role", "region")
      box.setAttribute("aria-label", box.matches("code") ? "Code" : "Table")
    } else if (box.getAttribute("role") === "region") {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name)
    }
  }
}

addEventListener("load", mark)
addEventListener("resize", mark)
addEventListener("toggle", mark, true)
