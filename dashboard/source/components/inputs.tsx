/** The inputs of forms, from their declarations. */

import { useEffect, useId } from "preact/hooks";
import { collection } from "../runtime/collections";
import { first, has, t } from "../runtime/messages";
import { named } from "../runtime/registry";
import type { FormValues, Input, Option, Row } from "../runtime/resource";
import { Button } from "./basics";

export interface InputsProps {
  /** The prefix of the inputs' messages: the resource's name. */
  prefix: string;
  inputs: Input[];
  values: FormValues;
  onChange: (change: (before: FormValues) => FormValues) => void;
  problems: Record<string, string>;
}

export function initialValues(inputs: Input[], given: URLSearchParams = new URLSearchParams()): FormValues {
  const values: FormValues = {};
  for (const input of inputs) {
    const initial = typeof input.initial === "function" ? (input.initial as () => unknown)() : input.initial;
    values[input.name] = given.get(input.name) ?? initial ?? (input.kind === "choices" ? [] : input.kind === "toggle" ? false : "");
  }
  return values;
}

/** What is wrong with each input's value. */
export function problemsOf(inputs: Input[], values: FormValues): Record<string, string> {
  const found: Record<string, string> = {};
  for (const input of inputs) {
    if (!(input.when?.(values) ?? true)) continue;
    const value = values[input.name];
    const text = typeof value === "string" ? value : "";
    const empty = value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
    if (empty) {
      if (input.required) found[input.name] = t("form.required");
    } else if (input.kind === "number") {
      const amount = Number(value);
      if (!Number.isInteger(amount)) found[input.name] = t("form.number");
      else if (input.least !== undefined && amount < input.least) found[input.name] = t("form.least", { count: input.least });
      else if (input.most !== undefined && amount > input.most) found[input.name] = t("form.most", { count: input.most });
    } else if (input.longest !== undefined && text.length > input.longest) {
      found[input.name] = t("form.longest", { count: input.longest });
    } else if (input.pattern !== undefined && text !== "" && !new RegExp(`^(?:${input.pattern})$`).test(text)) {
      found[input.name] = t("form.pattern");
    }
  }
  return found;
}

export function Inputs({ prefix, inputs, values, onChange, problems }: InputsProps) {
  const shown = inputs.filter((input) => input.when?.(values) ?? true);
  const plain = shown.filter((input) => !input.advanced);
  const advanced = shown.filter((input) => input.advanced);
  const set = (name: string, value: unknown): void => onChange((before) => ({ ...before, [name]: value }));
  const show = (input: Input) => (
    <InputRow key={input.name} prefix={prefix} input={input} values={values} set={set} problem={problems[input.name] ?? ""} />
  );
  return (
    <>
      {plain.map(show)}
      {advanced.length > 0 && (
        <details class="advanced" open={advanced.some((input) => problems[input.name] !== undefined)}>
          <summary>{t("form.advanced")}</summary>
          <div class="advanced-body">{advanced.map(show)}</div>
        </details>
      )}
    </>
  );
}

interface RowProps {
  prefix: string;
  input: Input;
  values: FormValues;
  set: (name: string, value: unknown) => void;
  problem: string;
}

function InputRow({ prefix, input, values, set, problem }: RowProps) {
  const id = useId();
  const { name, kind } = input;
  const title = first([`${prefix}.form.${name}`, `${prefix}.field.${name}`, `field.${name}`]);
  const helpKey = `${prefix}.form.${name}.help`;
  const help = has(helpKey) ? t(helpKey) : "";
  const options = useOptions(input, values);
  const value = values[name];

  useEffect(() => {
    if (!input.preselect || options.length === 0) return;
    if (kind === "choices" ? (value as string[]).length === 0 : value === "") set(name, kind === "choices" ? [options[0]!.value] : options[0]!.value);
  }, [options.length > 0]);

  const told = [problem !== "" ? `${id}-problem` : "", help !== "" ? `${id}-help` : ""].filter(Boolean).join(" ") || undefined;
  const common = { id, "aria-describedby": told, "aria-invalid": problem !== "" ? true : undefined, "aria-required": input.required } as const;
  const below = (
    <>
      {help !== "" && <p class="help" id={`${id}-help`}>{help}</p>}
      {problem !== "" && <p class="wrong" id={`${id}-problem`} role="alert">{problem}</p>}
    </>
  );

  if (kind === "cards" || kind === "choices") {
    const many = kind === "choices";
    const on = (option: Option): boolean => (many ? (value as string[]).includes(option.value) : value === option.value);
    const toggle = (option: Option): void => {
      if (!many) set(name, option.value);
      else set(name, on(option) ? (value as string[]).filter((each) => each !== option.value) : [...(value as string[]), option.value]);
    };
    return (
      <fieldset class="input-row" aria-describedby={told}>
        <legend>{title}</legend>
        <div class={many ? "ticks" : "cards"}>
          {options.map((option) => (
            <label key={option.value} class={`${many ? "tick" : "card"}${on(option) ? " on" : ""}`}>
              <input type={many ? "checkbox" : "radio"} name={id} checked={on(option)} onChange={() => toggle(option)} />
              <span class="card-title"><bdi>{option.title}</bdi></span>
              {option.note !== undefined && <span class="card-note">{option.note}</span>}
            </label>
          ))}
          {options.length === 0 && <p class="faint">{t("form.no_options")}</p>}
        </div>
        {below}
      </fieldset>
    );
  }
  if (kind === "toggle") {
    return (
      <div class="input-row">
        <label class="tick plain" for={id}>
          <input {...common} type="checkbox" checked={value === true} onChange={(event) => set(name, event.currentTarget.checked)} />
          <span>{title}</span>
        </label>
        {below}
      </div>
    );
  }
  if (kind === "map") return <MapRow title={title} value={value} onChange={(next) => set(name, next)} below={below} />;
  return (
    <div class="input-row">
      <label for={id}>
        {title}
        {!input.required && <span class="faint optional">{t("form.optional")}</span>}
      </label>
      {kind === "area" && (
        <textarea {...common} rows={5} spellcheck={false} value={String(value)} onInput={(event) => set(name, event.currentTarget.value)} />
      )}
      {kind === "file" && <input {...common} type="file" onChange={(event) => set(name, event.currentTarget.files?.[0] ?? "")} />}
      {kind === "choice" && (
        <select {...common} value={String(value)} onChange={(event) => set(name, event.currentTarget.value)}>
          {(!input.required || value === "") && <option value="">{t("form.none")}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value}>{option.note === undefined ? option.title : `${option.title} (${option.note})`}</option>
          ))}
        </select>
      )}
      {(kind === "text" || kind === "number" || kind === "password") && (
        <span class="input-with">
          {kind === "password" ? (
            <input {...common} type="password" autocomplete="new-password" value={String(value)} onInput={(event) => set(name, event.currentTarget.value)} />
          ) : (
            <input
              {...common}
              type="text"
              inputMode={kind === "number" ? "numeric" : undefined}
              autocomplete="off"
              spellcheck={false}
              value={String(value)}
              onInput={(event) => set(name, event.currentTarget.value)}
            />
          )}
          {input.unit !== undefined && <span class="unit">{input.unit}</span>}
        </span>
      )}
      {below}
    </div>
  );
}

interface MapProps {
  title: string;
  value: unknown;
  onChange: (value: [string, string][]) => void;
  below: preact.ComponentChildren;
}

/** Keys and values, as a list of pairs: an unfinished pair may have no key. */
function MapRow({ title, value, onChange, below }: MapProps) {
  const pairs = Array.isArray(value) ? (value as [string, string][]) : [];
  const change = (at: number, place: 0 | 1, text: string): void =>
    onChange(pairs.map((pair, each) => (each === at ? (place === 0 ? [text, pair[1]] : [pair[0], text]) : pair)));
  return (
    <fieldset class="input-row">
      <legend>{title}</legend>
      {pairs.map((pair, at) => (
        <div class="pair" key={at}>
          <input aria-label={t("form.key")} value={pair[0]} onInput={(event) => change(at, 0, event.currentTarget.value)} />
          <input aria-label={t("form.value")} value={pair[1]} onInput={(event) => change(at, 1, event.currentTarget.value)} />
          <Button icon="close" look="quiet" label={t("form.remove")} onClick={() => onChange(pairs.filter((_, each) => each !== at))} />
        </div>
      ))}
      <Button icon="plus" onClick={() => onChange([...pairs, ["", ""]])}>{t("form.add")}</Button>
      {below}
    </fieldset>
  );
}

/** The pairs of a map input as an object. */
export const mapOf = (value: unknown): Record<string, string> =>
  Object.fromEntries((Array.isArray(value) ? (value as [string, string][]) : []).filter(([key]) => key !== ""));

function useOptions(input: Input, values: FormValues): Option[] {
  const source = typeof input.options === "string" ? named(input.options) : undefined;
  const held = source === undefined ? null : collection(source);
  useEffect(() => held?.want(), [held]);
  if (held === null || source === undefined) {
    if (typeof input.options === "function") return input.options(values);
    return typeof input.options === "object" ? input.options : [];
  }
  const plain = (row: Row): Option => ({ value: source.id(row), title: source.title(row) || source.id(row) });
  return held
    .all()
    .filter((row) => input.only?.(row, values) ?? true)
    .map(input.option ?? plain);
}
