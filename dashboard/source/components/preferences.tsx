/** Language and theme. */

import { choose, language, languages, t } from "../runtime/messages";
import { isDark, theme } from "../runtime/theme";
import { Button, Menu } from "./basics";
import { Icon } from "./icon";

/** A language's own name. */
const nameOf = (tag: string): string => new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;

export function LanguageMenu() {
  return (
    <Menu
      label={t("language")}
      side="left"
      items={languages.map((tag) => ({ title: nameOf(tag), checked: tag === language.value, onChoose: () => void choose(tag) }))}
    >
      <Icon name="globe" />
      <span>{nameOf(language.value)}</span>
    </Menu>
  );
}

export function ThemeButton() {
  const dark = isDark();
  return (
    <Button icon={dark ? "sun" : "moon"} look="quiet" label={t(dark ? "theme.light" : "theme.dark")} onClick={() => (theme.value = dark ? "light" : "dark")} />
  );
}
