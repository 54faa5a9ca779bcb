/** Choices that this browser keeps: language, theme, columns, the last project. Never anything secret. */

import { effect, signal, type Signal } from "@preact/signals";

const PREFIX = "kumoi.";

export function remembered<T>(name: string, initial: T): Signal<T> {
  const key = PREFIX + name;
  const kept = signal<T>(read(key, initial));
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(kept.value));
    } catch {
      // A browser that stores nothing forgets the choice with the page.
    }
  });
  return kept;
}

function read<T>(key: string, initial: T): T {
  try {
    const text = localStorage.getItem(key);
    const value: unknown = text === null ? initial : JSON.parse(text);
    return typeof value === typeof initial ? (value as T) : initial;
  } catch {
    return initial;
  }
}
