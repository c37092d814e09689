// Judges entities of a catalogue, given as JSON on standard input; prints one line for each fault.
const catalog = require('@backstage/catalog-model');

const policies = [
  new catalog.SchemaValidEntityPolicy(),
  new catalog.FieldFormatEntityPolicy(),
  new catalog.NoForeignRootFieldsEntityPolicy(),
];

async function judge(entity) {
  for (const policy of policies) {
    await policy.enforce(entity);
  }
  const validator = catalog[`${entity.kind.toLowerCase()}EntityV1alpha1Validator`];
  if (!(await validator.check(entity))) {
    throw new Error('no entity of its kind');
  }
}

async function main() {
  const entities = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  for (const entity of entities) {
    try {
      await judge(entity);
    } catch (error) {
      console.log(`${entity.kind} ${entity.metadata.name}: ${error.message}`);
    }
  }
}

main();
