/** The command palette: everything by name, id or address. */

import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { pages, resources } from "../runtime/registry";
import { creatable, pageOf, visible } from "../runtime/resource";
import { go } from "../runtime/router";
import { matches, parseFilter } from "../runtime/rows";
import { go as goTo, session, signOut } from "../runtime/session";
import { isDark, theme } from "../runtime/theme";
import { attempt } from "./basics";
import { Icon } from "./icon";
import { scopeName } from "./shell";

const open = signal(false);
const MOST = 60;
const MOST_OF_ONE = 12;

export const openPalette = (): void => {
  open.value = true;
};

export function listenForPalette(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      event.preventDefault();
      open.value = session.peek() !== null && !open.peek();
    }
  });
}

interface Command {
  key: string;
  title: string;
  note: string;
  icon: string;
  run: () => void;
}

export function Palette() {
  return open.value ? <PaletteDialog /> : null;
}

function PaletteDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const shown = resources().filter(visible);
  useEffect(() => {
    dialog.current?.showModal();
    shown.forEach((each) => collection(each).want());
  }, []);
  const versions = shown.map((each) => collection(each).version.value).join();
  const found = useMemo(() => commands(text), [text, versions]);
  const close = (): void => {
    open.value = false;
  };
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    close();
    command.run();
  };
  const move = (to: number): void => {
    const next = (to + found.length) % Math.max(1, found.length);
    setAt(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") move(at + 1);
    else if (event.key === "ArrowUp") move(at - 1);
    else if (event.key === "Enter") run(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label={t("palette.title")}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="palette-input">
        <Icon name="search" />
        <input
          role="combobox"
          aria-label={t("palette.title")}
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found[at] === undefined ? undefined : `palette-${at}`}
          autocomplete="off"
          spellcheck={false}
          placeholder={t("palette.placeholder")}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={keys}
        />
      </div>
      <div class="palette-list" id="palette-list" role="listbox" aria-label={t("palette.title")} ref={list}>
        {found.map((command, place) => (
          <div
            key={command.key}
            id={`palette-${place}`}
            role="option"
            aria-selected={place === at}
            class="palette-item"
            onClick={() => run(command)}
            onPointerMove={() => setAt(place)}
          >
            <Icon name={command.icon} />
            <span class="clip"><bdi>{command.title}</bdi></span>
            <span class="faint clip">{command.note}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p class="palette-none faint">{t("palette.none")}</p>}
    </dialog>
  );
}

function commands(text: string): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (command: Command): boolean => words.every((word) => `${command.title} ${command.note}`.toLowerCase().includes(word));
  const fixed: Command[] = [];
  const add = (key: string, title: string, note: string, icon: string, run: () => void): void => {
    fixed.push({ key, title, note, icon, run });
  };
  add("overview", t("overview.title"), t("palette.page"), "overview", () => go("/"));
  for (const each of resources().filter(visible)) {
    add(each.name, t(`${each.name}.title`), t("palette.page"), each.name, () => go(pageOf(each)));
    if (creatable(each)) add(`${each.name}/new`, t(`${each.name}.new`), "", "plus", () => go(`${pageOf(each)}/new`));
  }
  for (const each of pages()) add(each.name, t(`${each.name}.title`), t("palette.page"), each.name, () => go(`/${each.name}`));
  for (const scope of session.value?.scopes ?? []) {
    add(`scope/${scope.id}`, t("palette.go_to", { name: scopeName(scope) }), t(`scope.${scope.kind}_kind`), "box", () => void attempt(() => goTo(scope)));
  }
  add("theme", t(isDark() ? "theme.light" : "theme.dark"), "", isDark() ? "sun" : "moon", () => (theme.value = isDark() ? "light" : "dark"));
  add("sign_out", t("sign_out"), "", "leave", () => void signOut());
  // The command that is called what was typed comes before those whose titles only contain it.
  const typed = words.join(" ");
  const found = fixed.filter(fits).sort((one, other) => Number(other.title.toLowerCase() === typed) - Number(one.title.toLowerCase() === typed));
  if (words.length > 0) {
    for (const each of resources().filter(visible)) {
      const filter = parseFilter(text, each);
      let left = MOST_OF_ONE;
      for (const row of collection(each).rows.values()) {
        if (left === 0 || found.length >= MOST) break;
        if (!matches(filter, each, row)) continue;
        left -= 1;
        const id = each.id(row);
        found.push({ key: `${each.name}/${id}`, title: each.title(row) || id, note: t(`${each.name}.one`), icon: each.name, run: () => go(pageOf(each, id)) });
      }
    }
  }
  return found.slice(0, MOST);
}
