// Simulation: the real rooms on a virtual clock, with faults from a seed.
export { type Commit, createHistory, type History, listenTo } from "./history.ts";
export { createLink, fairWeather, type Link, type Weather } from "./network.ts";
export { createWorld, loadComponents, type SimulatedNode, type World, type WorldOptions } from "./world.ts";
