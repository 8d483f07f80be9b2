import type { JoinExpr, Node } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { relationOf } from './from.ts';
import type { Printing } from './printing.ts';

/** A published defect of IRIS, by which certain statements may return wrong results without an error. */
export interface Hazard {
  readonly id: 'DP-442892' | 'FULL-JOIN-EMPTY-ROW';
  readonly meaning: string;
  /** `certain`: the statement is refused; `possible` (it depends on indexes and plans): a notice is given. */
  readonly risk: 'certain' | 'possible';
}

type Ranges = readonly (readonly [from: string, to: string])[];

/**
 * Defects of supported versions. Not included, as they are fixed in all of these: AK1043 (GROUP BY without an aggregate and an ungrouped
 * column; fixed in 2020.1.2 and 2021.1.1) and outer joins at READ COMMITTED (2018.1.1). Nor those that a statement does not show:
 * row-level security, partitioned tables, SQLStorage.
 */
const defects: readonly (Hazard & {
  readonly versions: Ranges;
  readonly applies: (join: JoinExpr, p: Printing) => boolean;
})[] = [
  {
    id: 'FULL-JOIN-EMPTY-ROW',
    meaning: 'a FULL JOIN may give one more row, which is empty',
    risk: 'certain',
    versions: [
      ['2019.1.0', '2024.1.5'],
      ['2024.2.0', '2025.1.3'],
      ['2025.2.0', '2025.3.99'],
    ],
    applies: ({ jointype }) => jointype === 'JOIN_FULL',
  },
  {
    id: 'DP-442892',
    meaning: 'an outer join with a query or a view as its inner side may lose rows when it runs in parallel',
    risk: 'possible',
    versions: [
      ['2023.3.0', '2023.3.0'],
      ['2024.1.0', '2024.1.3'],
      ['2024.2.0', '2024.3.0'],
      ['2025.1.0', '2025.1.0'],
    ],
    applies: ({ jointype, larg, rarg }, p) =>
      ((jointype === 'JOIN_LEFT' || jointype === 'JOIN_FULL') && isAtRisk(p, rarg)) ||
      ((jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL') && isAtRisk(p, larg)),
  },
];

/** Whether the alert applies to a side of a join: not to queries with UNION, TOP or LIMIT, or ungrouped aggregates. Views are unknown. */
function isAtRisk(p: Printing, side: Node | undefined): boolean {
  const join = bodyOf(side, 'JoinExpr');
  if (join !== undefined) return isAtRisk(p, join.larg) || isAtRisk(p, join.rarg);
  const table = bodyOf(side, 'RangeVar');
  if (table !== undefined) return p.catalog.table(relationOf(table))?.hasRowId === false;
  const select = bodyOf(bodyOf(side, 'RangeSubselect')?.subquery, 'SelectStmt');
  if (select === undefined) return false;
  return select.larg === undefined && select.limitCount === undefined && select.limitOffset === undefined;
}

/** Records the defects that may affect a join on this version. */
export function hazardOf(p: Printing, join: JoinExpr): void {
  for (const { versions, applies, ...hazard } of defects) {
    if (p.dialect.isWithin(versions) && applies(join, p)) p.hazards.push(hazard);
  }
}
