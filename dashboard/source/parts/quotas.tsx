/** Quotas: their names and figures, in the units that people read. */

import { count, gibibytes, mebibytes } from "../runtime/formats";
import { first, t } from "../runtime/messages";

const MEBIBYTES = new Set(["ram", "image_size_total", "image_stage_total"]);
const GIBIBYTES = new Set(["gigabytes", "per_volume_gigabytes", "backup_gigabytes"]);

export const quotaTitle = (resource: string): string => first([`quota.${resource}`, resource.replace(/_/g, " ")]);

export function figure(resource: string, value: number): string {
  if (MEBIBYTES.has(resource)) return mebibytes(value);
  return GIBIBYTES.has(resource) ? gibibytes(value) : count(value);
}

export const unitOf = (resource: string): string => (MEBIBYTES.has(resource) ? "MiB" : GIBIBYTES.has(resource) ? "GiB" : "");

export function quotaText(resource: string, used: number, limit: number): string {
  const shown = figure(resource, used);
  return limit < 0 ? t("quota.unlimited", { used: shown }) : t("quota.of", { used: shown, limit: figure(resource, limit) });
}
