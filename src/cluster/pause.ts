// The pause program of a pod: a static ELF executable of a few hundred bytes that holds the pod's namespaces open. It
// ignores SIGCHLD, so that the kernel reaps orphans when it is PID 1 of a shared namespace, and then waits for ever. SIGINT and SIGTERM
// end it with status 0: PID 1 gets no signal that it has no handler for. Upstream: build/pause/linux/pause.c.

/** Addresses of two kernel_sigaction: one that ignores, one whose handler is the end of the code. */
interface Actions {
  readonly ignore: number;
  readonly end: number;
}

interface Machine {
  /** e_machine of the ELF header. */
  readonly elfMachine: number;
  readonly code: (actions: Actions) => Uint8Array;
  /** The end of the code: leaves the process with status 0. */
  readonly handler: Uint8Array;
}

const signals = { SIGINT: 2, SIGTERM: 15, SIGCHLD: 17 } as const;

const baseAddress = 0x400000;
const headerBytes = 64 + 56;

const words32 = (...words: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, index) => {
    view.setUint32(4 * index, word >>> 0, true);
  });
  return new Uint8Array(view.buffer);
};

/** Calls rt_sigaction for a signal. */
const handleOnX64 = (signal: number, action: number): number[] => [
  ...[0xb8, 13, 0, 0, 0], // mov eax, rt_sigaction
  ...[0xbf, signal, 0, 0, 0], // mov edi, signal
  ...[0xbe, ...words32(action)], // mov esi, action
  ...[0x31, 0xd2], // xor edx, edx
  ...[0x41, 0xba, 8, 0, 0, 0], // mov r10d, 8
  ...[0x0f, 0x05], // syscall
];

const handleOnArm64 = (signal: number, action: number): number[] => [
  0xd2800000 | (signal << 5), // mov x0, signal
  0xd2800001 | ((action & 0xffff) << 5), // mov x1, action low half
  0xf2a00001 | ((action >>> 16) << 5), // movk x1, action high half, lsl 16
  0xd2800002, // mov x2, 0
  0xd2800103, // mov x3, 8
  0xd28010c8, // mov x8, rt_sigaction
  0xd4000001, // svc 0
];

const machines: Readonly<Record<string, Machine>> = {
  x64: {
    elfMachine: 62,
    code: ({ ignore, end }) =>
      new Uint8Array([
        ...handleOnX64(signals.SIGCHLD, ignore),
        ...handleOnX64(signals.SIGINT, end),
        ...handleOnX64(signals.SIGTERM, end),
        ...[0xb8, 34, 0, 0, 0], // again: mov eax, pause
        ...[0x0f, 0x05], // syscall
        ...[0xeb, 0xf7], // jmp again
      ]),
    handler: new Uint8Array([
      ...[0x31, 0xff], // xor edi, edi
      ...[0xb8, 231, 0, 0, 0], // mov eax, exit_group
      ...[0x0f, 0x05], // syscall
    ]),
  },
  arm64: {
    elfMachine: 183,
    code: ({ ignore, end }) =>
      words32(
        ...handleOnArm64(signals.SIGCHLD, ignore),
        ...handleOnArm64(signals.SIGINT, end),
        ...handleOnArm64(signals.SIGTERM, end),
        0xd2800000, // again: mov x0, 0
        0xd2800001, // mov x1, 0
        0xd2800002, // mov x2, 0
        0xd2800003, // mov x3, 0
        0xd2800004, // mov x4, 0
        0xd2800928, // mov x8, ppoll
        0xd4000001, // svc 0
        0x17fffff9, // b again
      ),
    handler: words32(
      0xd2800000, // mov x0, 0
      0xd2800bc8, // mov x8, exit_group
      0xd4000001, // svc 0
    ),
  },
};

/** kernel_sigaction: handler, flags, restorer, mask, 64 bits each. */
const ignoring = words32(1, 0, 2, 0, 0, 0, 0, 0); // SIG_IGN, SA_NOCLDWAIT
/** x64 wants a restorer; nobody returns from this handler, so that it is its own. */
const handledBy = (address: number): Uint8Array => words32(address, 0, 0x04000000, 0, address, 0, 0, 0);

/** The executable for a machine in Node's names (`x64`, `arm64`). Throws for machines without code. */
export function pauseExecutable(arch: string): Uint8Array {
  const machine = machines[arch];
  if (machine === undefined)
    throw new Error(`no pause program for ${arch}: run on ${Object.keys(machines).join(" or ")}`);
  const { code, handler } = machine;
  const codeAt = baseAddress + headerBytes;
  const handlerAt = codeAt + code({ ignore: 0, end: 0 }).length;
  const ignore = handlerAt + handler.length;
  const end = ignore + ignoring.length;
  const body = [code({ ignore, end }), handler, ignoring, handledBy(handlerAt)];
  const size = body.reduce((sum, { length }) => sum + length, headerBytes);
  const view = new DataView(new ArrayBuffer(headerBytes));
  const bytes = new Uint8Array(view.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64-bit, little endian, version 1
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, machine.elfMachine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(codeAt), true); // entry
  view.setBigUint64(32, 64n, true); // program headers
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // PT_LOAD
  view.setUint32(68, 5, true); // readable, executable
  view.setBigUint64(80, BigInt(baseAddress), true);
  view.setBigUint64(88, BigInt(baseAddress), true);
  view.setBigUint64(96, BigInt(size), true);
  view.setBigUint64(104, BigInt(size), true);
  view.setBigUint64(112, 0x1000n, true);
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of [bytes, ...body]) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
