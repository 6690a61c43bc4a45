// Links of a dashboard, a panel or a cell: variables and values in the address.

export function linkTarget(template, { field, row, frame, value, text, context }) {
  const inUrl = (entry) => encodeURIComponent(entry ?? "");
  const fields = (name) => frame?.fields.find((candidate) => candidate.display === name || candidate.name === name);
  const own = (template || "")
    .replace(/\$\{__value\.(raw|numeric)\}/g, () => inUrl(value)).replace(/\$\{__value\.(text|value)\}|\$\{__value\}/g, () => inUrl(text))
    .replace(/\$\{__data\.fields(?:\.([\w -]+?)|\["?([^"\]]+)"?\])(?:\.(?:text|numeric))?\}/g, (_, dotted, quoted) => {
      const name = dotted || quoted, found = fields(name) || (/^\d+$/.test(name) ? frame?.fields[Number(name)] : undefined);
      return inUrl(found?.values[row]);
    })
    .replace(/\$\{__field\.name\}/g, () => inUrl(field?.display)).replace(/\$\{__field\.labels\.(\w+)\}/g, (_, label) => inUrl(field?.labels[label]))
    .replace(/\$\{__url_time_range\}|\$__url_time_range/g, context.urlTime()).replace(/\$\{__all_variables\}|\$__all_variables/g, context.urlVariables())
    .replace(/\$\{(\w+):queryparam\}/g, (_, name) => context.urlVariables(name));
  return context.variables.replace(own, undefined, context.scoped);
}
