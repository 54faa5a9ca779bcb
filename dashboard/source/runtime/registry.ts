/** Every declared resource and page. Files are found in their folders when the dashboard is built. */

import * as found from "../../generated/declared";
import type { ComponentType } from "preact";
import type { Resource } from "./resource";

/** A page of its own: a drawing, a browser of objects. */
export interface Page {
  /** Its address, `/topology`; the rest of the address is `rest`. The message `<name>.title` is its title. */
  name: string;
  group: Resource["group"];
  order: number;
  component: ComponentType<{ rest: string[] }>;
  visible?: () => boolean;
}

/** A function, not a constant: pages are declared before this module has run to its end. */
export function page(declared: Page): Page {
  return declared;
}

let byName: Map<string, Resource> | undefined;

export function resources(): Resource[] {
  return found.resources;
}

export function pages(): Page[] {
  return found.pages;
}

export function named(name: string): Resource | undefined {
  byName ??= new Map(found.resources.map((each) => [each.name, each]));
  return byName.get(name);
}

/** The resource of a subject: `server` → servers. */
export const ofSubject = (subject: string): Resource | undefined => found.resources.find((each) => each.subject === subject);
