import { packageFile } from '../../io/package.ts';

/** The schema as editors use it. */
export const schemaUrl = packageFile('schemas/release-plan.schema.json');
