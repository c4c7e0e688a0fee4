// Ingresses without a class get the default one: the newest when there are several.
import { type Ingress, type IngressClass, ingressClasses, ingresses } from "../../../../api/index.ts";
import { parseTime } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain } from "../../framework.ts";

const mark = "ingressclass.kubernetes.io/is-default-class";
const legacyClass = "kubernetes.io/ingress.class";

export const createDefaultIngressClass = ({ reader }: AdmissionHost): AdmissionPlugin => ({
  name: "DefaultIngressClass",
  handles: (attributes) => attributes.operation === "CREATE" && isMain(attributes, ingresses),
  admit(attributes) {
    const ingress = draftOf<Ingress>(attributes);
    if (ingress.spec?.ingressClassName !== undefined) return;
    if (ingress.metadata.annotations?.[legacyClass] !== undefined) return;
    const [chosen] = reader
      .list<IngressClass>(ingressClasses)
      .filter(({ metadata }) => metadata.annotations?.[mark] === "true")
      .sort(
        (a, b) =>
          parseTime(b.metadata.creationTimestamp) - parseTime(a.metadata.creationTimestamp) ||
          (a.metadata.name < b.metadata.name ? -1 : 1),
      );
    if (chosen !== undefined) ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata.name };
  },
});
