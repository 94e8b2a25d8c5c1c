// The classes of a model by what they are called: how one is asked for, and how it is said.

const MOST = 10; // names in a line

/** The names of the ten digits: what a model has whose answer is still to come. */
export const DIGITS = [..."0123456789"];

/** What is sent as digit to mean the class of that name: the name, or the number that it is; the place if it has none. */
export const choice = (name, place) => (/^(0|[1-9]\d{0,14})$/.test(name) ? Number(name) : name || place);

export const choices = (names) => names.map(choice);

/** A class in a sentence: a 7, oak. */
export const said = (name) => (/^\d$/.test(name) ? `a ${name}` : name);

/** Names in a line, and how many more there are; nothing where they only count. */
export function listed(names) {
  if (names.every((name, place) => name === String(place))) return "";
  const more = names.length > MOST ? ` and ${names.length - MOST} more` : "";
  return names.slice(0, MOST).join(", ") + more;
}
