import assert from "node:assert/strict";
import { test } from "node:test";
import { conntrackSettings, defaultConntrackLimits } from "./conntrack-limits.ts";

test("settings of connection tracking are upstream's defaults, by cores", () => {
  const timeouts = [
    ["nf_conntrack_tcp_timeout_established", 86_400],
    ["nf_conntrack_tcp_timeout_close_wait", 3600],
  ];
  const settings = (cores: number) => [...conntrackSettings(defaultConntrackLimits, cores)];
  assert.deepEqual(settings(2), [["nf_conntrack_max", 131_072], ...timeouts]);
  assert.deepEqual(settings(8), [["nf_conntrack_max", 262_144], ...timeouts]);
  assert.deepEqual(settings(64), [["nf_conntrack_max", 1_048_576], ...timeouts]);
});

test("0 leaves the kernel's own", () => {
  const none = { ...defaultConntrackLimits, maxPerCore: 0, tcpEstablishedSeconds: 0, tcpCloseWaitSeconds: 0 };
  assert.deepEqual([...conntrackSettings(none, 2)], []);
  assert.deepEqual(
    [...conntrackSettings({ ...none, tcpBeLiberal: true, udpSeconds: 30 }, 2)],
    [
      ["nf_conntrack_tcp_be_liberal", 1],
      ["nf_conntrack_udp_timeout", 30],
    ],
  );
});
