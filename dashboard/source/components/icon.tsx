/** Icons of one weight, drawn for 16 pixels. */

const PATHS: Record<string, string> = {
  overview: "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5H9zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5H9z",
  servers: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  images: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.7 5.1 8 8.2l5.3-3.1M8 8.2v5.8",
  flavors: "M3 13.5v-4M8 13.5v-8M13 13.5v-11",
  keypairs: "M10.5 9.5a4 4 0 1 0-3.9-3L2 11v3h3v-2h2l1.3-1.8c.7.2 1.4.2 2.2-.7zM10.8 5.2h.01",
  networks: "M8 2v3.5M4 10.5 8 5.5l4 5M2 10.5h4v3H2zM10 10.5h4v3h-4z",
  volumes: "M3 4c0-1 2.200-1.800 5-1.800S13 3 13 4v8c0 1-2.200 1.800-5 1.800S3 13 3 12zM3 4c0 1 2.200 1.800 5 1.800S13 5 13 4M3 8c0 1 2.200 1.800 5 1.800S13 9 13 8",
  snapshots: "M2.500 5h2.500l1-1.800h4l1 1.800h2.500v8h-11zM8 11a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400z",
  floating_ips: "M8 14s4.500-4.200 4.500-7.500a4.500 4.500 0 0 0-9 0C3.500 9.800 8 14 8 14zM8 8a1.600 1.600 0 1 0 0-3.200A1.600 1.600 0 0 0 8 8z",
  security_groups: "M8 1.800 13 3.800v4c0 3-2 5.200-5 6.400-3-1.200-5-3.400-5-6.400v-4z",
  routers: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.500v3M6.800 5.600 8 4.400l1.200 1.200M8 11.500v-3M6.800 10.400 8 11.600l1.200-1.200M4.500 8h2M9.500 8h2",
  topology: "M2.500 3h4v3h-4zM9.500 10h4v3h-4zM4.500 6v5.500h5M2.500 10h0",
  subnets: "M2.500 2.500h11v11h-11zM2.500 8h11M8 2.500v11",
  ports: "M3 3h10v10H3zM5.500 10.500v-4h1.500V5h2v1.500h1.500v4z",
  objects: "M3 4.200c0-1.200 2.200-2 5-2s5 .8 5 2-2.200 2-5 2-5-.8-5-2zM3 4.200l1.200 8.400c.2.8 1.800 1.400 3.800 1.400s3.600-.6 3.800-1.400L13 4.200",
  folder: "M2 12.500v-9h4l1.500 2H14v7z",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  upload: "M8 10.500V3M4.500 6.500 8 3l3.500 3.500M3 13.500h10",
  box: "M2.5 4.5h11v9h-11zM2.5 4.5 4.5 2h7l2 2.5M6.5 7.5h3",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14",
  plus: "M8 3v10M3 8h10",
  check: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  down: "M4 6.5 8 10.5l4-4",
  right: "M6 4l4 4-4 4",
  up: "M4 9.5 8 5.5l4 4",
  more: "M3.2 8h.6M7.7 8h.6M12.2 8h.6",
  play: "M5 3.2v9.6L12.6 8z",
  stop: "M4 4h8v8H4z",
  reload: "M13 8a5 5 0 1 1-1.5-3.6M13 2v3h-3",
  trash: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.6 8.8h5.8l.6-8.8M6.8 7v4M9.2 7v4",
  console: "M2.5 3h11v10h-11zM5 6.2 7 8l-2 1.8M8.5 10h2.5",
  copy: "M5.5 5.5h7.5v7.5H5.5zM3 10.5V3h7.5",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  download: "M8 2.5v7.5M4.5 7 8 10.5 11.5 7M3 13.5h10",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6z",
  person: "M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 14c.5-2.6 2.5-4 5.2-4s4.7 1.4 5.2 4",
  leave: "M6.5 2.5h-3.5v11h3.5M10 5l3 3-3 3M13 8H6.5",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM2 8h12M8 2c2 1.8 2.6 3.8 2.6 6S10 12.2 8 14c-2-1.8-2.6-3.8-2.6-6S6 3.8 8 2z",
  alert: "M8 2 14.5 13.500h-13zM8 6.500v3.200M8 11.600h.01",
  menu: "M2.5 4.500h11M2.5 8h11M2.5 11.500h11",
  edit: "M3 13l.6-2.600L10.8 3.200l2 2L5.6 12.400zM9.5 4.500l2 2",
};

export function Icon({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name] ?? PATHS["box"]} />
    </svg>
  );
}

export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d="M6.5 17.500a4 4 0 0 1-.4-8A6 6 0 0 1 17.6 8.300a4.7 4.7 0 0 1 .2 9.2" />
      <path d="M9.5 17.500h5M8 20.500h8" />
    </svg>
  );
}
