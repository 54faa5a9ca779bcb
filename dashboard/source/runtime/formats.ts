/** Values as people read them. */

import { signal } from "@preact/signals";
import { language, t } from "./messages";

/** The present time, for ages that go on while one looks. */
export const now = signal(Date.now());
window.setInterval(() => (now.value = Date.now()), 10_000);

export const count = (value: number): string => value.toLocaleString(language.value);

const STEPS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: number): string {
  let amount = value;
  let step = 0;
  while (Math.abs(amount) >= 1024 && step < STEPS.length - 1) {
    amount /= 1024;
    step += 1;
  }
  const digits = amount < 10 && step > 0 && amount % 1 !== 0 ? 1 : 0;
  return `${amount.toLocaleString(language.value, { maximumFractionDigits: digits })} ${STEPS[step]}`;
}

export const mebibytes = (value: number): string => bytes(value * 2 ** 20);
export const gibibytes = (value: number): string => bytes(value * 2 ** 30);

/** The moment of a timestamp of any service. They are in UTC, also where they do not say so. */
export function moment(text: string): number {
  return Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** How long ago, in the largest unit: `3 min. ago`. */
export function age(at: number): string {
  const seconds = Math.round((at - now.value) / 1000);
  const words = new Intl.RelativeTimeFormat(language.value, { numeric: "auto", style: "short" });
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return words.format(Math.trunc(seconds / length), unit);
  }
  return t("time.now");
}

export function fullTime(at: number): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "medium" }).format(at);
}

export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
