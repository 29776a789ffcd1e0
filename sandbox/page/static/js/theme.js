// Light or dark: what the system prefers, unless one has chosen here.

const KEY = "theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

const chosen = () => {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
};

/** Use the chosen theme; `changed` is called when the system changes its mind. */
export function startTheme(changed) {
  apply(chosen());
  prefersDark.addEventListener("change", changed);
}

export function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : prefersDark.matches;
}

export function switchTheme() {
  const wanted = isDark() ? "light" : "dark";
  const plain = (wanted === "dark") === prefersDark.matches;
  try {
    if (plain) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, wanted);
  } catch {
    /* a private window forgets */
  }
  apply(plain ? null : wanted);
}

function apply(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}
