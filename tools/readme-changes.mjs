// A README's one block of changes, made in a text: lines with a blank or a minus in front have to be there, in that order.

/** The text with the changes of the first block of `diff` in the README; throws for a line that the text does not have. */
export function changedAsReadme(text, readme) {
  const block = /(?<=\n```diff\n)[\s\S]+?(?=\n```)/.exec(readme)?.[0];
  if (block === undefined) throw new Error('the README has no block of changes');
  const lines = text.split('\n');
  let at = 0;
  for (const change of block.split('\n')) {
    const line = change.slice(1);
    if (change[0] !== '+') {
      at = lines.indexOf(line, at);
      if (at < 0) throw new Error(`there is no such line here: ${line}`);
    }
    if (change[0] === '-') lines.splice(at, 1);
    else if (change[0] === '+') lines.splice(at++, 0, line);
    else at++;
  }
  return lines.join('\n');
}
