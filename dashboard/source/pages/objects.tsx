/** The object store: containers, the folders in them, and objects. */

import { projectId } from "../runtime/session";
import { may } from "../runtime/permissions";
import { page } from "../runtime/registry";
import { STORE } from "../runtime/objects";
import { NoPage } from "../generic/none";
import { Containers } from "../parts/containers";
import { Folder } from "../parts/folder";
import { StoredObject } from "../parts/object";

const visible = (): boolean => projectId.value !== "" && may({ service: STORE, method: "GET", path: "" });

/** `/objects/<container>/<folder or object>`; the name of a folder ends with a slash. */
function Objects({ rest }: { rest: string[] }) {
  const [container, name = ""] = rest;
  if (!visible() || rest.length > 2) return <NoPage />;
  if (container === undefined) return <Containers />;
  if (name === "" || name.endsWith("/")) return <Folder key={`${container}/${name}`} container={container} folder={name} />;
  return <StoredObject key={`${container}/${name}`} container={container} name={name} />;
}

export default page({ name: "objects", group: "objects", order: 1, component: Objects, visible });
