import type { Catalog } from "../catalog.ts";
import type { DocumentRoute } from "../documents.ts";

export const openApiRoutes = (_catalog: Catalog): DocumentRoute[] => [];
