"""What an import says in both languages: the comments of a map, what is not read, what has changed."""

from collections.abc import Mapping

from mobank.base.quantities import Lang

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "head": "How {file} is read. Mend what is wrong here; where TODO stands, only a person can say.\n"
        "Then run the same command again: it finds this file beside the table and reads. Nothing was read yet.",
        "evidence": "internal (the bank's own systems), article, secondary or unverified",
        "dimension": "what the regions divide the customers by, as in segments: of the bank's file",
        "tables": "Tables found, with the unit where rows and cells say none. use: skip leaves one out.",
        "table": "{area}: {count} figures, {first} to {last}, months {way}",
        "across": "across", "down": "down", "unit_of": "no unit is said; the largest figure is {largest}",
        "hidden": "{count} figures stand in hidden rows or columns ({first}): read or skip",
        "hidden_sheet": "a hidden sheet",
        "for_sheet": "the same metrics stand in other tables, too: of which region is this one? whole for the bank",
        "metrics": "What the tables call each metric, which measure it is, and by what name its definition goes.\n"
        "measure: {measures}; skip leaves it out. A definition that changed:\n"
        "definition: {{before: the_old, from 2021-07: the_new}}. Figures by the old one are kept apart, never taken for growth.",
        "at": "{cell}", "which": "{cell}: not known by this name",
        "again": "{cell}: {measure} as well, beside {other}: which of the two is it? skip leaves one out",
        "no_persons": "{cell}: counts no people", "no_region": "{cell}",
        "regions": "Regions: the band of each, as in segments: of the bank's file; whole for the bank; skip leaves it out.",
        "definitions": "What exactly each definition counts: which apps, which customers, active within how many days.",
        "footnotes": "Marks beside figures, and what they say.", "mark": "{cell}",
        "missing": "Texts that stand where there is no figure, beside — and n/a.",
        "ignored": "Headings of rows and columns that are left out.",
        "found": "{file}: {tables} tables, {figures} figures",
        "next": "{map} was written: {todo} TODO. Mend it, then run the same command again.",
        "read": "{count} figures of {file}: {what}", "remarks": "Not read, or to be looked at:",
        "unused": "texts that nothing is made of", "no_period": "no month", "sum": "a sum beside its months",
        "skipped_table": "a table left out by the map", "ignored_line": "left out by the map",
        "not_in_file": "in the map, but not in the file",
        "gap": "months without a figure", "fall": "a fall, perhaps of the season", "jump": "a flow that jumps",
        "none": "no figure", "more": "… and {count} more",
        "new": "new", "changed": "changed", "gone": "no longer in the table, kept", "same": "as they were",
        "written": "{file} was written: {counts}", "unwritten": "nothing was written: {counts}",
        "restated": "restated {day}: was {figure} ({source})",
        "share": "share of the registered in {month} ({source}); customers by region are not in the table",
        "share_customers": "share of the customers in {month} ({source})",
        "counted": "{label}, as {file} calls it",
    },
    "zh": {
        "head": "{file} 的读取方式。有误之处请直接修改；写有 TODO 之处只有人能决定。\n"
        "改好后再运行同一命令，程序会读取表旁的本文件并导入数据。目前尚未导入。",
        "evidence": "internal（行内系统）、article（报道）、secondary（二手来源）、unverified（未核实）",
        "dimension": "各地区所属的客群维度，与本行文件 segments 中一致",
        "tables": "找到的表；行和单元格没有写单位时用这里的单位。use: skip 为不读。",
        "table": "{area}：{count} 个数字，{first} 至 {last}，月份{way}排列",
        "across": "横向", "down": "纵向", "unit_of": "未写单位；最大的数字是 {largest}",
        "hidden": "有 {count} 个数字在隐藏的行或列（{first}）：read 读取，skip 不读",
        "hidden_sheet": "隐藏的工作表",
        "for_sheet": "其他表中也有相同指标：本表属于哪个地区？全行写 whole",
        "metrics": "表中的各指标、对应的模型指标、统计口径的名称。\n"
        "measure 可写：{measures}；skip 为不读。口径变更时写\n"
        "definition: {{before: 旧口径, from 2021-07: 新口径}}。旧口径的数字单独处理，不会当作增长。",
        "at": "{cell}", "which": "{cell}：未识别的指标名",
        "again": "{cell}：也是 {measure}，与 {other} 重复：用哪一个？另一个写 skip",
        "no_persons": "{cell}：不是人数", "no_region": "{cell}",
        "regions": "各地区对应的客群段名（与本行文件 segments 一致）；whole 为全行，skip 为不读。",
        "definitions": "各口径具体统计什么：哪些应用、哪些客户、多少天内活跃。",
        "footnotes": "数字旁的标记及其含义。", "mark": "{cell}",
        "missing": "表示没有数据的文字（— 和 n/a 之外）。",
        "ignored": "不读的行或列的标题。",
        "found": "{file}：{tables} 张表，{figures} 个数字",
        "next": "已写出 {map}：有 {todo} 处 TODO。改好后再运行同一命令。",
        "read": "{file} 中的 {count} 个数字：{what}", "remarks": "未读取或需留意：",
        "unused": "未使用的文字", "no_period": "不是月份", "sum": "与各月并列的合计",
        "skipped_table": "按对照文件不读的表", "ignored_line": "按对照文件不读",
        "not_in_file": "对照文件中有，表中没有",
        "gap": "缺少数字的月份", "fall": "下降，可能是季节因素", "jump": "流量突变",
        "none": "没有数字", "more": "……另有 {count} 处",
        "new": "新增", "changed": "变更", "gone": "表中已无，仍保留", "same": "未变",
        "written": "已写入 {file}：{counts}", "unwritten": "未写入：{counts}",
        "restated": "{day} 重述：原为 {figure}（{source}）",
        "share": "{month} 的注册占比（{source}）；表中没有各地区的客户数",
        "share_customers": "{month} 的客户占比（{source}）",
        "counted": "{file} 中的“{label}”",
    },
}  # fmt: skip
