/**
 * What a page of a resource is made from. A file in `resources/` declares one; list, detail, form, live updates, actions,
 * export, links and the command palette follow. docs/adding-a-page.md shows how.
 */

import type { ComponentType, VNode } from "preact";
import type { Method } from "./api";
import { may, type Route } from "./permissions";
import type { Terraform } from "./wording";

export type Row = Record<string, unknown>;

/** How a value is shown, compared and exported. */
export type Kind =
  | "text"
  | "code" // an id, address or other text of fixed width
  | "status"
  | "time"
  | "count"
  | "mebibytes"
  | "gibibytes"
  | "bytes"
  | "flag"
  | "list" // several texts
  | "map" // keys and values
  | "link"; // another object: `to` names its resource

export interface Field<T> {
  /** Its name: the message `<resource>.field.<name>`, or `field.<name>`, is its title. */
  name: string;
  kind?: Kind;
  /** The value, if it is not the API's field of that name. */
  value?: (row: T) => unknown;
  /** The resource that a link leads to. The value is an id, or a pair of id and name. */
  to?: string;
  /** A column from the start; else a column that a person may choose. `never`: only in the detail. */
  column?: "shown" | "offered" | "never";
  /** The least width of its column, in pixels: `180px`. */
  width?: string;
  /** Shown in another way than its kind. */
  show?: (row: T) => VNode | string | null;
  /** The most important fields of a detail are at its top. */
  detail?: "top" | "more" | "never";
}

export interface Action<T> {
  /** The message `<resource>.action.<name>`, or `action.<name>`, is its title. */
  name: string;
  route: Route;
  /** Whether it makes sense for this object now. */
  when?: (row: T) => boolean;
  body?: (row: T) => unknown;
  /** It is asked again before it happens. */
  confirm?: boolean;
  danger?: boolean;
  /** What happens afterwards, with the answer: such as opening a console. */
  after?: (row: T, answer: unknown) => void;
  /** Not offered for several objects at once. */
  single?: boolean;
  /** No request: it leads to this page. */
  open?: (row: T) => string;
  /** Asks for more before it happens. */
  form?: Input[] | ((row: T) => Input[]);
  withValues?: (row: T, values: FormValues) => unknown;
  /** The path of the request, if it names more than the object: such as a server's volumes. */
  path?: (row: T, values: FormValues) => string;
}

export type FormValues = Record<string, unknown>;

export interface Option {
  value: string;
  title: string;
  /** A second line. */
  note?: string;
}

export interface Input {
  /** The message `<resource>.form.<name>`, or `<resource>.field.<name>`, or `field.<name>`, is its title; `….help` explains it. */
  name: string;
  kind: "text" | "number" | "toggle" | "area" | "choice" | "cards" | "choices" | "file" | "password" | "map";
  required?: boolean;
  initial?: unknown;
  /** The options: a list, or a resource whose objects may be chosen. */
  options?: Option[] | string | ((values: FormValues) => Option[]);
  /** Which of a resource's objects may be chosen. */
  only?: (row: Row, values: FormValues) => boolean;
  /** How an object is shown as an option. */
  option?: (row: Row) => Option;
  /** The first option is chosen from the start. */
  preselect?: boolean;
  /** One level below, with the choices that most people leave alone. */
  advanced?: boolean;
  when?: (values: FormValues) => boolean;
  least?: number;
  most?: number;
  longest?: number;
  pattern?: string;
  unit?: string;
}

export interface Form<T> {
  inputs: Input[];
  route: Route;
  body: (values: FormValues) => unknown;
  /** The same as a command line of the `openstack` client. */
  command?: (values: FormValues) => string;
  /** The same as Terraform's resources, of the provider `openstack`. */
  terraform?: (values: FormValues) => Terraform[];
  /** What is shown beside the form: price in quota, whether it fits. */
  aside?: ComponentType<{ values: FormValues }>;
  /** After the object was made; else its page is opened. */
  after?: (made: T, values: FormValues) => Promise<void> | void;
}

export interface Change<T> {
  method: Method;
  inputs: Input[];
  body: (values: FormValues, row: T) => unknown;
  headers?: Record<string, string>;
  /** Whether this object may be changed. */
  when?: (row: T) => boolean;
}

export interface Relation<T> {
  /** The resource whose objects hang on this one. The message `<resource>.relation.<to>`, or its title, is the heading. */
  to: string;
  /** The list's query that finds them; null: none. */
  query?: (row: T) => Record<string, string> | null;
  /** Or which objects of its whole list. */
  only?: (row: T) => (other: Row) => boolean;
}

export interface Panel<T> {
  name: string;
  component: ComponentType<{ row: T }>;
}

export interface Declaration<T> {
  /** The page's address, and the prefix of its messages: `servers`. */
  name: string;
  /** The heading in the navigation below which it stands; null: none. */
  group: "compute" | "images" | "network" | "storage" | "objects" | "identity" | "operator" | null;
  /** Its place below the heading. */
  order: number;
  /** The service's type in the catalogue. */
  service: string;
  /** `compute 2.96`, where the service has microversions. */
  version?: string;
  /** The path of the list, below the service's address. */
  list: string;
  /** The path template of one object: `/servers/{id}`. It is also the route of DELETE. */
  item: string;
  /** The list's key in the answer. */
  many: string;
  /** The object's key in the answer; null: the answer is the object. */
  one: string | null;
  query?: Record<string, string>;
  /** The list's query with which an admin sees the objects of all projects. */
  everywhere?: Record<string, string>;
  /** Or, where the API lists all projects' objects to an admin anyway: which ones are of the project. */
  mine?: (row: T) => boolean;
  paging?: "marker" | "none";
  /** An entry of the list that is wrapped in a further object. */
  unwrap?: (entry: Row) => Row;
  /** Its name in the stream of changes, and in subjects of operations and events: `server`. */
  subject?: string;
  /** Subjects of other resources whose changes change its figures: its list is loaded again. */
  follows?: string[];
  id?: (row: T) => string;
  title?: (row: T) => string;
  fields: Field<T>[];
  /** Of the list, as in the address: `-created`. */
  sort?: string;
  /** A field with few values, one of which may be chosen above the list; each is `status.<value>`. `asked`: of the API,
   * because the list may be a part of all. */
  choices?: { field: string; values: string[]; asked?: boolean };
  actions?: Action<T>[];
  form?: Form<T>;
  /** The fields that may be changed, by PUT or PATCH of the item. */
  change?: Change<T>;
  relations?: Relation<T>[];
  panels?: Panel<T>[];
  /** False: there is no DELETE. A function: whether this one may be deleted. */
  removable?: boolean | ((row: T) => boolean);
  /** What a person types to find it: more than its shown columns. */
  words?: (row: T) => string[];
  /** Whether something is wrong with it, for the overview. */
  broken?: (row: T) => string | null;
  /** The list's query that finds those, where there may be many others. */
  brokenQuery?: Record<string, string>;
  /** Who sees its page, if not everybody who may read its list. */
  visible?: () => boolean;
}

/** A declaration with its gaps filled, whose types are forgotten: what the runtime works with. */
export type Resource = Required<Pick<Declaration<Row>, "id" | "title" | "paging" | "fields" | "actions" | "relations" | "panels">> &
  Omit<Declaration<Row>, "id" | "title" | "paging" | "fields" | "actions" | "relations" | "panels"> & {
    path: (id: string) => string;
    removal: Route;
  };

export function resource<T extends object>(declared: Declaration<T>): Resource {
  const given = declared as unknown as Declaration<Row>;
  return {
    ...given,
    id: given.id ?? ((row) => String(row["id"])),
    title: given.title ?? ((row) => String(row["name"] ?? "")),
    paging: given.paging ?? "marker",
    actions: given.actions ?? [],
    relations: given.relations ?? [],
    panels: given.panels ?? [],
    path: (id) => given.item.replace("{id}", encodeURIComponent(id)),
    removal: { service: given.service, method: "DELETE", path: given.item },
  };
}

export const visible = (resource: Resource): boolean =>
  may({ service: resource.service, method: "GET", path: resource.list }) && (resource.visible?.() ?? true);

export const creatable = (resource: Resource): boolean => resource.form !== undefined && visible(resource) && may(resource.form.route);

export function removable(resource: Resource, row: Row): boolean {
  if (resource.removable === false || !may(resource.removal)) return false;
  return typeof resource.removable === "function" ? resource.removable(row) : true;
}

/** The actions that the caller may use and that make sense for the object now. */
export const actionsFor = (resource: Resource, row: Row): Action<Row>[] =>
  resource.actions.filter((action) => may(action.route) && (action.when?.(row) ?? true));

export function valueOf(field: Field<Row>, row: Row): unknown {
  return field.value === undefined ? row[field.name] : field.value(row);
}

/** The path of a resource's page, or of one of its objects. */
export function pageOf(resource: Resource, id?: string): string {
  return id === undefined ? `/${resource.name}` : `/${resource.name}/${encodeURIComponent(id)}`;
}
