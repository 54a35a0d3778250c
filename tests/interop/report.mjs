// What every check said, kept until all of a part are known: parts may run side by side.
export class Report {
  parts = [];

  part(title) {
    this.parts.push({ title, lines: [], failed: [], start: performance.now(), end: performance.now() });
  }

  async check(name, body, seconds = 30) {
    const part = this.parts.at(-1);
    const start = performance.now();
    let timer;
    try {
      await Promise.race([
        body(),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000);
        }),
      ]);
      part.lines.push(`ok    ${name} (${Math.round(performance.now() - start)} ms)`);
    } catch (error) {
      const told = String(error?.stack ?? error).split("\n");
      const where = told.filter((line) => !/^\s+at /.test(line) || /(interop|bridge)\/(?!(report|control|host|sidetone|program|browser|checks)\b)\w+\.mjs/.test(line));
      part.lines.push(`FAIL  ${name}\n      ${where.join("\n      ")}`);
      part.failed.push(`${part.title}: ${name}`);
    } finally {
      part.end = performance.now();
      clearTimeout(timer);
    }
  }

  // A part that passed is one line, unless it was asked for by name: what failed must not be lost among it.
  print(whole) {
    for (const { title, lines, failed, start, end } of this.parts) {
      if (lines.length === 0) continue;
      if (whole || failed.length > 0) console.log(`\n${title}\n${lines.join("\n")}\n`);
      else console.log(`ok    ${title}: ${lines.length} checks (${Math.round((end - start) / 1000)} s)`);
    }
  }
}

// How many checks there were, and the names of those that failed.
export function summed(reports) {
  const parts = reports.flatMap((report) => report.parts);
  return { checks: parts.reduce((total, part) => total + part.lines.length, 0), failed: parts.flatMap((part) => part.failed) };
}

// Says the sum of it; true if there was something and none of it failed.
export function passed(sums) {
  const failed = sums.flatMap(({ failed }) => failed);
  const checks = sums.reduce((total, { checks }) => total + checks, 0);
  for (const name of failed) console.log(`FAIL  ${name}`);
  console.log(`\n${checks - failed.length} passed, ${failed.length} failed`);
  return checks > 0 && failed.length === 0;
}
