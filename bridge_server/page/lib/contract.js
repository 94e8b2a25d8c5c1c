// The contract of the server, as OpenAPI has it: settings with their help and bounds, forms, and the glossary.

let documented = null;

export async function contract() {
  documented ??= fetch("/openapi.json").then((reply) => reply.json());
  try {
    return await documented;
  } catch (error) {
    documented = null;
    throw error;
  }
}

/** The schemas of the contract. */
export const schemas = async () => (await contract()).components.schemas;
