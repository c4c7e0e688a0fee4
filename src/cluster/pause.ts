// The pause program of a pod: a static ELF executable of a few hundred bytes that holds the pod's namespaces open. It
// ignores SIGCHLD, so that the kernel reaps orphans when it is PID 1 of a shared namespace, and then waits for ever.

interface Machine {
  /** e_machine of the ELF header. */
  readonly elfMachine: number;
  /** Code; `action` is the address of a kernel_sigaction {SIG_IGN, SA_NOCLDWAIT, 0, 0}. */
  readonly code: (action: number) => Uint8Array;
}

const baseAddress = 0x400000;
const headerBytes = 64 + 56;

const words32 = (...words: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, index) => {
    view.setUint32(4 * index, word >>> 0, true);
  });
  return new Uint8Array(view.buffer);
};

const machines: Readonly<Record<string, Machine>> = {
  x64: {
    elfMachine: 62,
    code: (action) =>
      new Uint8Array([
        ...[0xb8, 13, 0, 0, 0], // mov eax, rt_sigaction
        ...[0xbf, 17, 0, 0, 0], // mov edi, SIGCHLD
        ...[0xbe, ...words32(action)], // mov esi, action
        ...[0x31, 0xd2], // xor edx, edx
        ...[0x41, 0xba, 8, 0, 0, 0], // mov r10d, 8
        ...[0x0f, 0x05], // syscall
        ...[0xb8, 34, 0, 0, 0], // again: mov eax, pause
        ...[0x0f, 0x05], // syscall
        ...[0xeb, 0xf7], // jmp again
      ]),
  },
  arm64: {
    elfMachine: 183,
    code: (action) =>
      words32(
        0xd2800220, // mov x0, SIGCHLD
        0xd2800001 | ((action & 0xffff) << 5), // mov x1, action low half
        0xf2a00001 | ((action >>> 16) << 5), // movk x1, action high half, lsl 16
        0xd2800002, // mov x2, 0
        0xd2800103, // mov x3, 8
        0xd28010c8, // mov x8, rt_sigaction
        0xd4000001, // svc 0
        0xd2800000, // again: mov x0, 0
        0xd2800001, // mov x1, 0
        0xd2800002, // mov x2, 0
        0xd2800003, // mov x3, 0
        0xd2800004, // mov x4, 0
        0xd2800928, // mov x8, ppoll
        0xd4000001, // svc 0
        0x17fffff9, // b again
      ),
  },
};

/** The executable for a machine in Node's names (`x64`, `arm64`). Throws for machines without code. */
export function pauseExecutable(arch: string): Uint8Array {
  const machine = machines[arch];
  if (machine === undefined)
    throw new Error(`no pause program for ${arch}: run on ${Object.keys(machines).join(" or ")}`);
  const codeBytes = machine.code(0).length;
  const codeAt = baseAddress + headerBytes;
  const actionAt = codeAt + codeBytes;
  const action = words32(1, 0, 2, 0, 0, 0, 0, 0); // SIG_IGN, SA_NOCLDWAIT, no restorer, empty mask
  const size = headerBytes + codeBytes + action.length;
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
  out.set(bytes);
  out.set(machine.code(actionAt), headerBytes);
  out.set(action, headerBytes + codeBytes);
  return out;
}
