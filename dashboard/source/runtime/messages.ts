/** Texts in the language that the person chose. No other file contains text that a person reads. */

import { computed, signal } from "@preact/signals";
import { catalogues, type Catalogue, type Language } from "../../generated/messages";
import { remembered } from "./remembered";

export type Values = Record<string, string | number>;

export const languages = Object.keys(catalogues) as Language[];

const chosen = remembered("language", "");
const loaded = signal<Catalogue>({});
export const language = signal<Language>("en");
const plurals = computed(() => new Intl.PluralRules(language.value));

/** The language that was chosen before, or the first of the browser's languages that has a catalogue. */
function preferred(): Language {
  const wanted = [chosen.value, ...navigator.languages.map((tag) => tag.split("-")[0] ?? "")];
  return (wanted.find((tag) => tag in catalogues) as Language | undefined) ?? "en";
}

export async function speak(tag: Language): Promise<void> {
  loaded.value = await catalogues[tag]();
  language.value = tag;
  document.documentElement.lang = tag;
}

export async function choose(tag: Language): Promise<void> {
  chosen.value = tag;
  await speak(tag);
}

export const begin = (): Promise<void> => speak(preferred());

/** Whether the catalogue has a text under this key. */
export const has = (key: string): boolean => key in loaded.value;

/** The text under a key. `{name}` in it becomes a value. A text with plural forms takes the form of `count`. */
export function t(key: string, values: Values = {}): string {
  const found = loaded.value[key];
  if (found === undefined) return key;
  const text = typeof found === "string" ? found : (found[plurals.value.select(Number(values["count"]))] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(language.value) : (value ?? `{${name}}`);
  });
}

/** The text of the first key that the catalogue has; the last key's text or name if there is none. */
export function first(keys: string[], values: Values = {}): string {
  const known = keys.find(has) ?? keys[keys.length - 1] ?? "";
  return t(known, values);
}
