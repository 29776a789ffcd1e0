// What this tab remembers over a reload. A page without storage forgets.

/** What was remembered as `key`, or null. */
export function remembered(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    /* a private window may have none */
  }
}
