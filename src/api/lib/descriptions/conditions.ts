// Descriptions that the conditions of all groups share. A condition type of a group adds what its `type` may be, and says
// a field again where it means something else there.

export const conditionFields = {
  lastTransitionTime: "When the status of this condition last changed.",
  message: "Details for people, in one or a few sentences.",
  reason: "One CamelCase word for the cause of the last change, for programs.",
  status: "True, False or Unknown.",
  type: "Which aspect of the object this condition is about.",
};
