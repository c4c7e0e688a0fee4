// A Transport over a message port, between threads of one process.
export { type AnsweringOptions, answerOver } from "./answering.ts";
export { type Asking, askOver } from "./asking.ts";
