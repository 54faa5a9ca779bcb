/** Light, dark, or as the system says. */

import { effect } from "@preact/signals";
import { remembered } from "./remembered";

export type Theme = "system" | "light" | "dark";

export const theme = remembered<Theme>("theme", "system");

effect(() => {
  const root = document.documentElement;
  if (theme.value === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme.value);
});

export const isDark = (): boolean =>
  theme.value === "dark" || (theme.value === "system" && window.matchMedia("(prefers-color-scheme: dark)").matches);
